package dev.ligature.models.internal.jinja.syntax;

import dev.ligature.models.internal.jinja.syntax.Expression.Arguments;
import dev.ligature.models.internal.jinja.syntax.Token.Kind;
import java.util.ArrayList;
import java.util.List;

/** Parses what stands in brackets: tuples, lists, maps and the arguments of calls. */
final class BracketParser {
    private final TokenReader tokens;
    private final ExpressionParser expressions;

    BracketParser(TokenReader tokens, ExpressionParser expressions) {
        this.tokens = tokens;
        this.expressions = expressions;
    }

    /** Parses what follows an opening bracket, up to the closing one. */
    Expression after(Token token) {
        if (token.isOperator("(")) {
            Expression value = expressions.bracketedTuple();
            tokens.expectOperator(")");
            return value;
        }
        if (token.isOperator("[")) {
            return new Expression.ListOf(list("]"));
        }
        if (token.isOperator("{")) {
            return map();
        }
        throw JinjaException.at(token.line(), "expected an expression, and not " + token.shown());
    }

    private List<Expression> list(String end) {
        List<Expression> items = new ArrayList<>();
        while (!tokens.current().isOperator(end)) {
            if (!items.isEmpty()) {
                tokens.expectOperator(",");
                if (tokens.current().isOperator(end)) {
                    break;
                }
            }
            items.add(expressions.expression());
        }
        tokens.expectOperator(end);
        return items;
    }

    private Expression map() {
        List<Expression> keys = new ArrayList<>();
        List<Expression> values = new ArrayList<>();
        while (!tokens.current().isOperator("}")) {
            if (!keys.isEmpty()) {
                tokens.expectOperator(",");
                if (tokens.current().isOperator("}")) {
                    break;
                }
            }
            keys.add(expressions.expression());
            tokens.expectOperator(":");
            values.add(expressions.expression());
        }
        tokens.expectOperator("}");
        return new Expression.MapOf(keys, values);
    }

    /** Parses the arguments of a call, with their brackets. */
    Arguments arguments() {
        tokens.expectOperator("(");
        List<Expression> positional = new ArrayList<>();
        List<String> names = new ArrayList<>();
        List<Expression> named = new ArrayList<>();
        boolean first = true;
        while (!tokens.current().isOperator(")")) {
            if (!first) {
                tokens.expectOperator(",");
                if (tokens.current().isOperator(")")) {
                    break;
                }
            }
            first = false;
            if (tokens.current().kind() == Kind.NAME && tokens.following().isOperator("=")) {
                names.add(tokens.name());
                tokens.next();
                named.add(expressions.expression());
            } else if (names.isEmpty()) {
                positional.add(expressions.expression());
            } else {
                throw tokens.unexpected("an argument with a name");
            }
        }
        tokens.expectOperator(")");
        return new Arguments(positional, names, named);
    }
}
