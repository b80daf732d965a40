package dev.ligature.models.internal.jinja.syntax;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** An expression of a template. */
public sealed interface Expression {
    /** A text, number or truth value; of a name such as {@code none}, what it stands for. */
    record Constant(Object value) implements Expression {}

    /** {@code none}. */
    record NoneConstant() implements Expression {}

    /** A variable. */
    record Name(String name) implements Expression {}

    /** {@code [a, b]}. */
    record ListOf(List<Expression> items) implements Expression {}

    /** {@code (a, b)}. */
    record TupleOf(List<Expression> items) implements Expression {}

    /** <code>{a: b}</code>. */
    record MapOf(List<Expression> keys, List<Expression> values) implements Expression {}

    /** {@code -a} or {@code +a}. */
    record Signed(boolean negative, Expression operand) implements Expression {}

    /** {@code not a}. */
    record Not(Expression operand) implements Expression {}

    /** {@code a and b} or {@code a or b}. */
    record Logic(boolean and, Expression left, Expression right) implements Expression {}

    /** A sum, difference, product, quotient, remainder or power. */
    record Binary(String operator, Expression left, Expression right) implements Expression {}

    /** {@code a ~ b}. */
    record Concat(List<Expression> parts) implements Expression {}

    /** {@code a < b <= c}. */
    record Compare(Expression first, List<String> operators, List<Expression> others)
            implements Expression {}

    /** {@code a if b else c}. */
    record Conditional(Expression test, Expression then, @Nullable Expression otherwise)
            implements Expression {}

    /** {@code a.b}. */
    record Attribute(Expression target, String name) implements Expression {}

    /** {@code a[b]}. */
    record Item(Expression target, Expression key) implements Expression {}

    /** {@code a[b:c:d]}. */
    record Slice(
            Expression target,
            @Nullable Expression start,
            @Nullable Expression stop,
            @Nullable Expression step)
            implements Expression {}

    /** {@code a(b)}. */
    record Call(Expression function, Arguments arguments) implements Expression {}

    /** {@code a | b(c)}; without a value at the begin of a block's filters. */
    record Filter(@Nullable Expression value, String name, Arguments arguments)
            implements Expression {}

    /** {@code a is b(c)}. */
    record Test(Expression value, String name, Arguments arguments) implements Expression {}

    /**
     * What a call gives.
     *
     * @param positional the arguments by position
     * @param names the names of the others
     * @param named the others
     */
    record Arguments(List<Expression> positional, List<String> names, List<Expression> named) {
        /** Nothing. */
        static final Arguments NONE = new Arguments(List.of(), List.of(), List.of());
    }
}
