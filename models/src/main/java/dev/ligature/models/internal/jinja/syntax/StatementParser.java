package dev.ligature.models.internal.jinja.syntax;

import dev.ligature.models.internal.jinja.syntax.Statement.Signature;
import dev.ligature.models.internal.jinja.syntax.Statement.Target;
import dev.ligature.models.internal.jinja.syntax.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Parses a template. */
public final class StatementParser {
    private final TokenReader tokens;
    private final ExpressionParser expressions;
    private int loops;

    private StatementParser(TokenReader tokens) {
        this.tokens = tokens;
        this.expressions = new ExpressionParser(tokens);
    }

    /**
     * Parses a template.
     *
     * @throws JinjaException if it is none
     */
    public static List<Statement> parse(String template) {
        return new StatementParser(new TokenReader(Lexer.tokens(template))).all();
    }

    private List<Statement> all() {
        List<Statement> statements = body(Set.of());
        if (tokens.current().kind() != Kind.END) {
            throw tokens.unexpected("a tag that begins something");
        }
        return statements;
    }

    /** Parses up to a tag with one of these names, and goes behind its begin. */
    private List<Statement> body(Set<String> ends) {
        tokens.enter();
        List<Statement> statements = new ArrayList<>();
        while (tokens.current().kind() != Kind.END) {
            Token token = tokens.next();
            switch (token.kind()) {
                case TEXT -> statements.add(new Statement.Text(token.text(), token.line()));
                case PRINT_BEGIN -> {
                    statements.add(new Statement.Print(expressions.tuple(true), token.line()));
                    tokens.expect(Kind.PRINT_END, "}}");
                }
                default -> {
                    if (tokens.current().kind() == Kind.NAME
                            && ends.contains(tokens.current().text())) {
                        tokens.leave();
                        return statements;
                    }
                    statements.add(tag());
                }
            }
        }
        if (!ends.isEmpty()) {
            throw tokens.unexpected(String.join(" or ", ends.stream().sorted().toList()));
        }
        tokens.leave();
        return statements;
    }

    /** Parses the body of a block and its end tag. */
    private List<Statement> block(String end) {
        endTag();
        List<Statement> body = body(Set.of(end));
        tokens.expectName(end);
        if (tokens.current().kind() == Kind.NAME) {
            tokens.next(); // the name of the macro, which may be said again
        }
        endTag();
        return body;
    }

    private void endTag() {
        tokens.expect(Kind.TAG_END, "%}");
    }

    private Statement tag() {
        Token name = tokens.expect(Kind.NAME, "the name of a tag");
        int line = name.line();
        return switch (name.text()) {
            case "if" -> condition(line);
            case "for" -> loop(line);
            case "set" -> assignment(line);
            case "macro" -> macro(line);
            case "call" -> callBlock(line);
            case "with" -> with(line);
            case "filter" ->
                    new Statement.FilterBlock(expressions.blockFilters(), block("endfilter"), line);
            case "generation" -> new Statement.Generation(block("endgeneration"), line);
            case "break", "continue" -> jump(name);
            default ->
                    throw JinjaException.at(
                            line,
                            "the tag "
                                    + name.text()
                                    + " is none of if, for, set, macro, call, with, filter,"
                                    + " generation, raw, break and continue");
        };
    }

    private Statement condition(int line) {
        List<Expression> tests = new ArrayList<>();
        List<List<Statement>> bodies = new ArrayList<>();
        do {
            tests.add(expressions.tuple(false));
            endTag();
            bodies.add(body(Set.of("elif", "else", "endif")));
        } while (tokens.skipName("elif"));
        if (tokens.skipName("else")) {
            bodies.add(block("endif"));
        } else {
            tokens.expectName("endif");
            endTag();
        }
        return new Statement.If(tests, bodies, line);
    }

    private Statement loop(int line) {
        Target target = target(false);
        tokens.expectName("in");
        Expression items = expressions.tuple(false);
        Expression test = tokens.skipName("if") ? expressions.expression() : null;
        boolean recursive = tokens.skipName("recursive");
        endTag();
        loops++;
        List<Statement> body = body(Set.of("else", "endfor"));
        loops--;
        List<Statement> otherwise = List.of();
        if (tokens.skipName("else")) {
            otherwise = block("endfor");
        } else {
            tokens.expectName("endfor");
            endTag();
        }
        return new Statement.For(target, items, test, recursive, body, otherwise, line);
    }

    private Statement assignment(int line) {
        Target target = target(true);
        if (tokens.skipOperator("=")) {
            Expression value = expressions.tuple(true);
            endTag();
            return new Statement.Set(target, value, line);
        }
        Expression.Filter filters = tokens.skipOperator("|") ? expressions.blockFilters() : null;
        return new Statement.SetBlock(target, filters, block("endset"), line);
    }

    private Target target(boolean members) {
        List<Target> targets = new ArrayList<>();
        boolean several = false;
        while (tokens.current().kind() == Kind.NAME || tokens.current().isOperator("(")) {
            targets.add(oneTarget(members));
            if (!tokens.skipOperator(",")) {
                break;
            }
            several = true;
        }
        if (targets.isEmpty()) {
            throw tokens.unexpected("a name");
        }
        return several ? new Target.Several(targets) : targets.get(0);
    }

    private Target oneTarget(boolean members) {
        if (tokens.skipOperator("(")) {
            Target inner = target(false);
            tokens.expectOperator(")");
            return inner;
        }
        Token name = tokens.next();
        if (Set.of("true", "false", "none", "True", "False", "None").contains(name.text())) {
            throw JinjaException.at(name.line(), "nothing can be assigned to " + name.text());
        }
        return members && tokens.skipOperator(".")
                ? new Target.Member(name.text(), tokens.name())
                : new Target.Variable(name.text());
    }

    private Statement macro(int line) {
        String name = tokens.name();
        Signature signature = signature();
        return new Statement.MacroBlock(name, signature, outsideLoops("endmacro"), line);
    }

    private Statement callBlock(int line) {
        Signature signature =
                tokens.current().isOperator("(")
                        ? signature()
                        : new Signature(List.of(), List.of());
        if (!(expressions.expression() instanceof Expression.Call call)) {
            throw JinjaException.at(line, "the tag call needs the call of a macro");
        }
        return new Statement.CallBlock(signature, call, outsideLoops("endcall"), line);
    }

    /** The body of a macro is not in the loops around its definition. */
    private List<Statement> outsideLoops(String end) {
        int around = loops;
        loops = 0;
        List<Statement> body = block(end);
        loops = around;
        return body;
    }

    private Signature signature() {
        tokens.expectOperator("(");
        List<String> names = new ArrayList<>();
        List<Expression> defaults = new ArrayList<>();
        while (!tokens.current().isOperator(")")) {
            if (!names.isEmpty()) {
                tokens.expectOperator(",");
            }
            names.add(tokens.name());
            if (tokens.skipOperator("=")) {
                defaults.add(expressions.expression());
            } else if (!defaults.isEmpty()) {
                throw tokens.unexpected("a default value");
            }
        }
        tokens.expectOperator(")");
        return new Signature(names, defaults);
    }

    private Statement with(int line) {
        List<Target> targets = new ArrayList<>();
        List<Expression> values = new ArrayList<>();
        while (tokens.current().kind() != Kind.TAG_END) {
            if (!targets.isEmpty()) {
                tokens.expectOperator(",");
            }
            targets.add(oneTarget(false));
            tokens.expectOperator("=");
            values.add(expressions.expression());
        }
        return new Statement.With(targets, values, block("endwith"), line);
    }

    private Statement jump(Token name) {
        if (loops == 0) {
            throw JinjaException.at(name.line(), name.text() + " is not in a loop");
        }
        endTag();
        return new Statement.Jump(name.text().equals("break"), name.line());
    }
}
