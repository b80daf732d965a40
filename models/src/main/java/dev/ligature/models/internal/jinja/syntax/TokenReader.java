package dev.ligature.models.internal.jinja.syntax;

import dev.ligature.models.internal.jinja.syntax.Token.Kind;
import java.util.List;

/** Goes through the tokens of a template, and bounds how deeply it nests. */
final class TokenReader {
    private static final int DEEPEST = 100;

    private final List<Token> tokens;
    private int at;
    private int depth;

    TokenReader(List<Token> tokens) {
        this.tokens = tokens;
    }

    Token current() {
        return tokens.get(at);
    }

    Token following() {
        return tokens.get(Math.min(at + 1, tokens.size() - 1));
    }

    Token next() {
        Token token = current();
        if (token.kind() != Kind.END) {
            at++;
        }
        return token;
    }

    boolean skipOperator(String operator) {
        boolean there = current().isOperator(operator);
        if (there) {
            next();
        }
        return there;
    }

    boolean skipName(String name) {
        boolean there = current().isName(name);
        if (there) {
            next();
        }
        return there;
    }

    void expectOperator(String operator) {
        if (!skipOperator(operator)) {
            throw unexpected(operator);
        }
    }

    void expectName(String name) {
        if (!skipName(name)) {
            throw unexpected(name);
        }
    }

    String name() {
        return expect(Kind.NAME, "a name").text();
    }

    Token expect(Kind kind, String expected) {
        if (current().kind() != kind) {
            throw unexpected(expected);
        }
        return next();
    }

    JinjaException unexpected(String expected) {
        Token token = current();
        return JinjaException.at(
                token.line(), "expected " + expected + ", and not " + token.shown());
    }

    void enter() {
        if (++depth > DEEPEST) {
            throw JinjaException.at(
                    current().line(), "it nests more deeply than " + DEEPEST + " levels");
        }
    }

    void leave() {
        depth--;
    }
}
