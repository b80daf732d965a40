package dev.ligature.models.internal.jinja.syntax;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The escapes of a string in a template, which are Python's. */
final class Escapes {
    private static final Pattern ESCAPE =
            Pattern.compile(
                    "\\\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{1,3})|(.))",
                    Pattern.DOTALL);

    private Escapes() {}

    static String resolve(String body, int line) {
        if (body.indexOf('\\') < 0) {
            return body;
        }
        Matcher matcher = ESCAPE.matcher(body);
        StringBuilder text = new StringBuilder();
        while (matcher.find()) {
            matcher.appendReplacement(text, Matcher.quoteReplacement(character(matcher, line)));
        }
        return matcher.appendTail(text).toString();
    }

    private static String character(Matcher escape, int line) {
        for (int group = 1; group <= 4; group++) {
            String digits = escape.group(group);
            if (digits != null) {
                int codePoint = Integer.parseUnsignedInt(digits, group == 4 ? 8 : 16);
                if (!Character.isValidCodePoint(codePoint)) {
                    throw JinjaException.at(line, escape.group() + " is no character");
                }
                return Character.toString(codePoint);
            }
        }
        String other = escape.group(5);
        return switch (other) {
            case "n" -> "\n";
            case "t" -> "\t";
            case "r" -> "\r";
            case "a" -> "\u0007";
            case "b" -> "\b";
            case "f" -> "\f";
            case "v" -> "\u000b";
            case "\n" -> "";
            case "\\", "'", "\"" -> other;
            case "x", "u", "U", "N" ->
                    throw JinjaException.at(line, "the escape \\" + other + " is incomplete");
            default -> "\\" + other;
        };
    }
}
