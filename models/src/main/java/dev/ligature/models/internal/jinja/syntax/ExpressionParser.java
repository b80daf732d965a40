package dev.ligature.models.internal.jinja.syntax;

import dev.ligature.models.internal.jinja.syntax.Expression.Arguments;
import dev.ligature.models.internal.jinja.syntax.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Parses expressions, with the precedence of Jinja2 3.1. */
final class ExpressionParser {
    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");
    private static final Set<String> NO_ARGUMENT = Set.of("else", "or", "and");

    private final TokenReader tokens;
    private final BracketParser brackets;

    ExpressionParser(TokenReader tokens) {
        this.tokens = tokens;
        this.brackets = new BracketParser(tokens, this);
    }

    /** Parses an expression, perhaps with {@code if}. */
    Expression expression() {
        tokens.enter();
        try {
            Expression value = withoutCondition();
            while (tokens.skipName("if")) {
                Expression test = withoutCondition();
                Expression otherwise = tokens.skipName("else") ? expression() : null;
                value = new Expression.Conditional(test, value, otherwise);
            }
            return value;
        } finally {
            tokens.leave();
        }
    }

    /** Parses an expression up to an {@code if}, which belongs to what is around it. */
    Expression withoutCondition() {
        Expression left = and();
        while (tokens.skipName("or")) {
            left = new Expression.Logic(false, left, and());
        }
        return left;
    }

    /** Parses one expression or, with commas, a tuple. */
    Expression tuple(boolean conditions) {
        return tuple(conditions ? this::expression : this::withoutCondition, false);
    }

    /** Parses what stands in round brackets: an expression, or a tuple that may be empty. */
    Expression bracketedTuple() {
        return tuple(this::expression, true);
    }

    private Expression tuple(Supplier<Expression> part, boolean inBrackets) {
        List<Expression> items = new ArrayList<>();
        boolean several = false;
        while (!endsTuple()) {
            items.add(part.get());
            if (!tokens.skipOperator(",")) {
                break;
            }
            several = true;
        }
        if (!several && items.size() == 1) {
            return items.get(0);
        }
        if (items.isEmpty() && !inBrackets) {
            throw tokens.unexpected("an expression");
        }
        return new Expression.TupleOf(items);
    }

    private boolean endsTuple() {
        Token token = tokens.current();
        return token.kind() == Kind.PRINT_END
                || token.kind() == Kind.TAG_END
                || token.isOperator(")")
                || token.isName("recursive");
    }

    private Expression and() {
        Expression left = not();
        while (tokens.skipName("and")) {
            left = new Expression.Logic(true, left, not());
        }
        return left;
    }

    private Expression not() {
        if (!tokens.skipName("not")) {
            return comparison();
        }
        tokens.enter();
        Expression operand = not();
        tokens.leave();
        return new Expression.Not(operand);
    }

    private Expression comparison() {
        Expression first = sum();
        List<String> operators = new ArrayList<>();
        List<Expression> others = new ArrayList<>();
        while (true) {
            Token token = tokens.current();
            if (token.kind() == Kind.OPERATOR && COMPARISONS.contains(token.text())) {
                operators.add(tokens.next().text());
            } else if (tokens.skipName("in")) {
                operators.add("in");
            } else if (token.isName("not") && tokens.following().isName("in")) {
                tokens.next();
                tokens.next();
                operators.add("not in");
            } else {
                break;
            }
            others.add(sum());
        }
        return others.isEmpty() ? first : new Expression.Compare(first, operators, others);
    }

    private Expression sum() {
        return leftToRight(this::concatenation, Set.of("+", "-"));
    }

    private Expression concatenation() {
        Expression first = product();
        if (!tokens.current().isOperator("~")) {
            return first;
        }
        List<Expression> parts = new ArrayList<>(List.of(first));
        while (tokens.skipOperator("~")) {
            parts.add(product());
        }
        return new Expression.Concat(parts);
    }

    private Expression product() {
        return leftToRight(this::power, Set.of("*", "/", "//", "%"));
    }

    private Expression power() {
        return leftToRight(() -> signed(true), Set.of("**"));
    }

    private Expression leftToRight(Supplier<Expression> operand, Set<String> operators) {
        Expression left = operand.get();
        while (tokens.current().kind() == Kind.OPERATOR
                && operators.contains(tokens.current().text())) {
            left = new Expression.Binary(tokens.next().text(), left, operand.get());
        }
        return left;
    }

    /** A sign binds more tightly than a filter: {@code -a|b} is {@code (-a)|b}. */
    private Expression signed(boolean filters) {
        Expression value;
        Token token = tokens.current();
        if (token.isOperator("-") || token.isOperator("+")) {
            tokens.next();
            tokens.enter();
            value = new Expression.Signed(token.text().equals("-"), signed(false));
            tokens.leave();
        } else {
            value = primary();
        }
        value = postfix(value);
        return filters ? filtered(value) : value;
    }

    private Expression primary() {
        Token token = tokens.next();
        switch (token.kind()) {
            case NAME -> {
                return switch (token.text()) {
                    case "true", "True" -> new Expression.Constant(true);
                    case "false", "False" -> new Expression.Constant(false);
                    case "none", "None" -> new Expression.NoneConstant();
                    default -> new Expression.Name(token.text());
                };
            }
            case STRING -> {
                StringBuilder text = new StringBuilder(token.text());
                while (tokens.current().kind() == Kind.STRING) {
                    text.append(tokens.next().text());
                }
                return new Expression.Constant(text.toString());
            }
            case INTEGER -> {
                return new Expression.Constant(Numerals.integer(token));
            }
            case FLOAT -> {
                return new Expression.Constant(Double.valueOf(token.text().replace("_", "")));
            }
            default -> {
                return brackets.after(token);
            }
        }
    }

    private Expression postfix(Expression target) {
        Expression value = target;
        while (true) {
            if (tokens.current().isOperator(".") || tokens.current().isOperator("[")) {
                value = member(value);
            } else if (tokens.current().isOperator("(")) {
                value = new Expression.Call(value, brackets.arguments());
            } else {
                return value;
            }
        }
    }

    private Expression filtered(Expression target) {
        Expression value = target;
        while (true) {
            if (tokens.current().isOperator("|")) {
                value = filters(value);
            } else if (tokens.current().isName("is")) {
                value = test(value);
            } else if (tokens.current().isOperator("(")) {
                value = new Expression.Call(value, brackets.arguments());
            } else {
                return value;
            }
        }
    }

    private Expression member(Expression target) {
        if (tokens.skipOperator(".")) {
            Token name = tokens.next();
            if (name.kind() == Kind.NAME) {
                return new Expression.Attribute(target, name.text());
            }
            if (name.kind() == Kind.INTEGER) {
                return new Expression.Item(target, new Expression.Constant(Numerals.integer(name)));
            }
            throw JinjaException.at(name.line(), "expected a name or number after the point");
        }
        tokens.expectOperator("[");
        Expression start = tokens.current().isOperator(":") ? null : expression();
        if (start != null && !tokens.current().isOperator(":")) {
            tokens.expectOperator("]");
            return new Expression.Item(target, start);
        }
        tokens.expectOperator(":");
        Expression stop = bound();
        Expression step = tokens.skipOperator(":") ? bound() : null;
        tokens.expectOperator("]");
        return new Expression.Slice(target, start, stop, step);
    }

    private @Nullable Expression bound() {
        return tokens.current().isOperator(":") || tokens.current().isOperator("]")
                ? null
                : expression();
    }

    /** Parses {@code | a | b(c)} behind a value. */
    Expression filters(Expression target) {
        Expression value = target;
        while (tokens.skipOperator("|")) {
            value = filter(value);
        }
        return value;
    }

    /** Parses {@code a | b(c)}, the filters of a block. */
    Expression.Filter blockFilters() {
        Expression.Filter value = filter(null);
        while (tokens.skipOperator("|")) {
            value = filter(value);
        }
        return value;
    }

    private Expression.Filter filter(@Nullable Expression value) {
        String name = dottedName();
        return new Expression.Filter(
                value,
                name,
                tokens.current().isOperator("(") ? brackets.arguments() : Arguments.NONE);
    }

    private String dottedName() {
        StringBuilder name = new StringBuilder(tokens.name());
        while (tokens.skipOperator(".")) {
            name.append('.').append(tokens.name());
        }
        return name.toString();
    }

    private Expression test(Expression value) {
        tokens.expectName("is");
        boolean negated = tokens.skipName("not");
        String name = dottedName();
        Arguments arguments = Arguments.NONE;
        Token token = tokens.current();
        if (token.isOperator("(")) {
            arguments = brackets.arguments();
        } else if (isArgument(token)) {
            if (token.isName("is")) {
                throw JinjaException.at(token.line(), "a test cannot follow a test with is");
            }
            arguments = new Arguments(List.of(postfix(primary())), List.of(), List.of());
        }
        Expression test = new Expression.Test(value, name, arguments);
        return negated ? new Expression.Not(test) : test;
    }

    private static boolean isArgument(Token token) {
        return switch (token.kind()) {
            case NAME -> !NO_ARGUMENT.contains(token.text());
            case STRING, INTEGER, FLOAT -> true;
            default -> token.isOperator("[") || token.isOperator("{");
        };
    }
}
