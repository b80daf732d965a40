package dev.ligature.models.internal.jinja.syntax;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A part of a template. */
public sealed interface Statement {
    /** Returns the line, counted from 1. */
    int line();

    /** Text as it is. */
    record Text(String text, int line) implements Statement {}

    /** <code>{{ a }}</code>. */
    record Print(Expression value, int line) implements Statement {}

    /** {@code if}, with a body for each test; the last body may have none. */
    record If(List<Expression> tests, List<List<Statement>> bodies, int line)
            implements Statement {}

    /** {@code for target in items if test recursive}. */
    record For(
            Target target,
            Expression items,
            @Nullable Expression test,
            boolean recursive,
            List<Statement> body,
            List<Statement> otherwise,
            int line)
            implements Statement {}

    /** {@code set a = b}. */
    record Set(Target target, Expression value, int line) implements Statement {}

    /** {@code set a}, text, {@code endset}; the filters have no value at their begin. */
    record SetBlock(
            Target target, Expression.@Nullable Filter filters, List<Statement> body, int line)
            implements Statement {}

    /** {@code macro}. */
    record MacroBlock(String name, Signature signature, List<Statement> body, int line)
            implements Statement {}

    /** {@code call(parameters) macro(…)}. */
    record CallBlock(Signature signature, Expression.Call call, List<Statement> body, int line)
            implements Statement {}

    /** Text that goes through filters. */
    record FilterBlock(Expression.Filter filters, List<Statement> body, int line)
            implements Statement {}

    /** {@code with a = b}. */
    record With(List<Target> targets, List<Expression> values, List<Statement> body, int line)
            implements Statement {}

    /** {@code generation}: what a model said. */
    record Generation(List<Statement> body, int line) implements Statement {}

    /** {@code break} or {@code continue}. */
    record Jump(boolean ends, int line) implements Statement {}

    /** What a value is assigned to. */
    sealed interface Target {
        /** A variable. */
        record Variable(String name) implements Target {}

        /** Several, one value each. */
        record Several(List<Target> targets) implements Target {}

        /** An attribute of a namespace. */
        record Member(String namespace, String name) implements Target {}
    }

    /**
     * The parameters of a macro.
     *
     * @param names their names
     * @param defaults the values of the last ones
     */
    record Signature(List<String> names, List<Expression> defaults) {}
}
