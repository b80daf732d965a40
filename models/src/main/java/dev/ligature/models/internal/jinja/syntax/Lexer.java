package dev.ligature.models.internal.jinja.syntax;

import dev.ligature.models.internal.jinja.syntax.Token.Kind;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Cuts a template into tokens, as Jinja2 does with {@code trim_blocks} and {@code lstrip_blocks}: a
 * tag or comment takes the blanks before it, if it is the first of its line, and the line's end
 * after it; {@code -} takes all white space on its side and {@code +} none.
 */
final class Lexer {
    private static final Pattern OPENING = Pattern.compile("\\{[{%#]");
    private static final Pattern RAW_BEGIN =
            Pattern.compile("\\{%([-+]?)\\s*raw\\s*(?:-%\\}\\s*|%\\})", flags());
    private static final Pattern RAW_END =
            Pattern.compile("\\{%([-+]?)\\s*endraw\\s*(?:\\+%\\}|-%\\}\\s*|%\\}\\n?)", flags());
    private static final Pattern COMMENT_END =
            Pattern.compile("\\+#\\}|-#\\}\\s*|#\\}\\n?", flags());
    private static final Pattern TAG_END = Pattern.compile("\\+%\\}|-%\\}\\s*|%\\}\\n?", flags());
    private static final Pattern PRINT_END = Pattern.compile("-\\}\\}\\s*|\\}\\}", flags());
    private static final Pattern BLANKS = Pattern.compile("\\s+", flags());
    private static final Pattern FLOAT =
            Pattern.compile(
                    "(?<!\\.)(?:\\d+_)*\\d+"
                            + "(?:(?:\\.(?:\\d+_)*\\d+)?[eE][+-]?(?:\\d+_)*\\d+|\\.(?:\\d+_)*\\d+)");
    private static final Pattern INTEGER =
            Pattern.compile(
                    "0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|\\d(?:_?\\d)*");
    private static final Pattern NAME = Pattern.compile("[\\p{L}_][\\p{L}\\p{M}\\p{Nd}\\p{Pc}]*");
    private static final Pattern STRING =
            Pattern.compile("'((?:[^'\\\\]|\\\\.)*+)'|\"((?:[^\"\\\\]|\\\\.)*+)\"", Pattern.DOTALL);
    private static final Pattern OPERATOR =
            Pattern.compile("//|\\*\\*|==|!=|>=|<=|[-+/*%~\\[\\](){}><=.:|,;]");

    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    private int at;
    private int line = 1;
    private boolean lineStarts = true;

    private Lexer(String source) {
        this.source = source;
    }

    private static int flags() {
        return Pattern.UNICODE_CHARACTER_CLASS;
    }

    /** Returns the tokens of a template; the last one is its end. */
    static List<Token> tokens(String template) {
        String source = template.replace("\r\n", "\n").replace('\r', '\n');
        if (source.endsWith("\n")) {
            source = source.substring(0, source.length() - 1);
        }
        return new Lexer(source).all();
    }

    private List<Token> all() {
        Matcher opening = OPENING.matcher(source);
        while (opening.find(at)) {
            int begin = opening.start();
            Matcher raw = matcher(RAW_BEGIN, begin);
            if (raw.lookingAt()) {
                text(begin, raw.group(1), true);
                advance(raw.end());
                raw();
                continue;
            }
            char kind = source.charAt(begin + 1);
            int inside = begin + 2;
            String sign = inside < source.length() ? source.substring(inside, inside + 1) : "";
            sign = sign.equals("-") || sign.equals("+") ? sign : "";
            text(begin, sign, kind != '{');
            int began = line;
            advance(inside + sign.length());
            switch (kind) {
                case '#' -> comment(began);
                case '%' -> inside(Kind.TAG_BEGIN, Kind.TAG_END, TAG_END);
                default -> inside(Kind.PRINT_BEGIN, Kind.PRINT_END, PRINT_END);
            }
        }
        text(source.length(), "", false);
        tokens.add(new Token(Kind.END, "", line));
        return tokens;
    }

    /** Adds the text up to a tag, whose sign and kind decide what of its end is left. */
    private void text(int end, String sign, boolean strips) {
        String text = source.substring(at, end);
        String kept = text;
        if (sign.equals("-")) {
            kept = stripEnd(text);
        } else if (strips && sign.isEmpty()) {
            int lineAt = text.lastIndexOf('\n') + 1;
            if ((lineAt > 0 || lineStarts) && stripEnd(text.substring(lineAt)).isEmpty()) {
                kept = text.substring(0, lineAt);
            }
        }
        if (!kept.isEmpty()) {
            tokens.add(new Token(Kind.TEXT, kept, line));
        }
        advance(end);
    }

    private static String stripEnd(String text) {
        int end = text.length();
        while (end > 0 && BLANKS.matcher(text.substring(end - 1, end)).matches()) {
            end--;
        }
        return text.substring(0, end);
    }

    private void raw() {
        Matcher end = RAW_END.matcher(source);
        if (!end.find(at)) {
            throw JinjaException.at(line, "the tag raw has no endraw");
        }
        text(end.start(), end.group(1), true);
        close(end.end());
    }

    private void comment(int began) {
        Matcher end = COMMENT_END.matcher(source);
        if (!end.find(at)) {
            throw JinjaException.at(began, "a comment does not end");
        }
        close(end.end());
    }

    /** Adds what is between the marks of a tag; marks within brackets are operators. */
    private void inside(Kind begin, Kind end, Pattern mark) {
        tokens.add(new Token(begin, "", line));
        Deque<String> open = new ArrayDeque<>();
        while (at < source.length()) {
            Matcher closing = matcher(mark, at);
            if (open.isEmpty() && closing.lookingAt()) {
                tokens.add(new Token(end, "", line));
                close(closing.end());
                return;
            }
            piece(open);
        }
        throw JinjaException.at(line, "a tag does not end");
    }

    private void piece(Deque<String> open) {
        Matcher blanks = matcher(BLANKS, at);
        if (blanks.lookingAt()) {
            advance(blanks.end());
        } else if (!add(Kind.FLOAT, FLOAT)
                && !add(Kind.INTEGER, INTEGER)
                && !add(Kind.NAME, NAME)) {
            Matcher string = matcher(STRING, at);
            if (string.lookingAt()) {
                String body = string.group(1) == null ? string.group(2) : string.group(1);
                tokens.add(new Token(Kind.STRING, Escapes.resolve(body, line), line));
                advance(string.end());
            } else if (add(Kind.OPERATOR, OPERATOR)) {
                balance(open, tokens.get(tokens.size() - 1));
            } else {
                String shown = new String(Character.toChars(source.codePointAt(at)));
                throw JinjaException.at(line, "unexpected character " + shown);
            }
        }
    }

    private boolean add(Kind kind, Pattern pattern) {
        Matcher matcher = matcher(pattern, at);
        if (!matcher.lookingAt()) {
            return false;
        }
        tokens.add(new Token(kind, matcher.group(), line));
        advance(matcher.end());
        return true;
    }

    private static void balance(Deque<String> open, Token token) {
        switch (token.text()) {
            case "(" -> open.push(")");
            case "[" -> open.push("]");
            case "{" -> open.push("}");
            case ")", "]", "}" -> {
                if (open.isEmpty() || !open.pop().equals(token.text())) {
                    throw JinjaException.at(token.line(), "unexpected " + token.text());
                }
            }
            default -> {
                // Nothing to balance.
            }
        }
    }

    private Matcher matcher(Pattern pattern, int from) {
        Matcher matcher = pattern.matcher(source);
        matcher.region(from, source.length());
        matcher.useTransparentBounds(true);
        return matcher;
    }

    private void close(int end) {
        lineStarts = source.charAt(end - 1) == '\n';
        advance(end);
    }

    private void advance(int end) {
        for (int i = at; i < end; i++) {
            if (source.charAt(i) == '\n') {
                line++;
            }
        }
        at = end;
    }
}
