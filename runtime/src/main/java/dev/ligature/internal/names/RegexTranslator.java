package dev.ligature.internal.names;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/**
 * Rewrites a regular expression from the syntax of Python's {@code re} (3.11 and later) to that of
 * {@code java.util.regex}. What reads differently is rewritten; what has no equal is refused.
 *
 * <p>Not noticed are look-behinds of variable length, which Python refuses, and a few characters
 * outside ASCII on whose class the two languages differ.
 */
final class RegexTranslator {
    private static final int NOT_CAPTURING = 0;
    private static final Pattern QUANTIFIER = Pattern.compile("[*+?]|\\{(\\d+(,\\d*)?|,\\d*)}");
    private static final Pattern FLAGS = Pattern.compile("([aiLmsux]*)(-[imsx]+)?([:)])");
    private static final Pattern NAME = Pattern.compile("([\\p{L}_][\\p{L}\\p{N}_]*)([>)])");
    private static final Pattern HEX = Pattern.compile("\\p{XDigit}*");
    private static final Pattern NUMBER = Pattern.compile("\\d\\d?");

    private final String source;
    private final StringBuilder out = new StringBuilder();
    private final Map<String, Integer> groups = new HashMap<>();
    private final Deque<Integer> open = new ArrayDeque<>();
    private int at;
    private int count;
    private boolean repeatable;

    RegexTranslator(String source) {
        this.source = source;
    }

    /** Returns the numbers of the named groups of the translated expression. */
    Map<String, Integer> groups() {
        return Map.copyOf(groups);
    }

    /** Returns the translated expression. */
    String translate() {
        boolean start = true; // flags for the whole expression may stand here only
        while (at < source.length()) {
            char c = source.charAt(at);
            if (looking(QUANTIFIER) != null) {
                quantifier();
            } else if (c == '(') {
                start = group(start) && start;
                continue;
            } else if (c == ')') {
                close();
            } else if (c == '[') {
                characterClass();
            } else if (c == '\\') {
                escape(false);
            } else {
                character(c);
            }
            start = false;
        }
        if (!open.isEmpty()) {
            throw refuse("a group is not closed");
        }
        return out.toString();
    }

    private void character(char c) {
        // Python takes these three for themselves where they close nothing
        out.append(c == '{' || c == '}' || c == ']' ? "\\" : "").append(c);
        at++;
        repeatable = c != '^' && c != '$' && c != '|';
    }

    private void quantifier() {
        if (!repeatable) {
            throw refuse("a quantifier has nothing to repeat");
        }
        String text = take(QUANTIFIER);
        out.append(text.startsWith("{,") ? "{0" + text.substring(1) : text);
        if (ahead('?') || ahead('+')) {
            out.append(source.charAt(at++));
        }
        repeatable = false;
    }

    private void close() {
        if (open.isEmpty()) {
            throw refuse("a parenthesis closes nothing");
        }
        open.pop();
        out.append(')');
        at++;
        repeatable = true;
    }

    /** Translates what opens a group; returns whether it was but a flag for the whole. */
    private boolean group(boolean start) {
        at++;
        if (!ahead('?')) {
            out.append('(');
            open(++count);
            return false;
        }
        at++;
        if (takeIf("P<")) {
            namedGroup();
        } else if (takeIf("P=")) {
            namedReference();
        } else if (takeIf("#")) {
            comment();
            return start;
        } else if (takeIf("(")) {
            throw refuse("a group that depends on another, (?(…)…), cannot be used here");
        } else {
            for (String kind : new String[] {":", "=", "!", "<=", "<!", ">"}) {
                if (takeIf(kind)) {
                    out.append("(?").append(kind);
                    open(NOT_CAPTURING);
                    return false;
                }
            }
            return flags(start);
        }
        return false;
    }

    private void open(int number) {
        open.push(number);
        repeatable = false;
    }

    private boolean flags(boolean start) {
        Matcher flags = looking(FLAGS);
        if (flags == null) {
            throw refuse("'(?' is followed by what Python does not know");
        }
        take(FLAGS);
        String on = flags.group(1);
        String off = flags.group(2) == null ? "" : flags.group(2);
        boolean whole = flags.group(3).equals(")");
        if (whole && (!start || !off.isEmpty() || on.isEmpty())) {
            throw refuse("flags for the whole expression must stand at its start");
        }
        for (String flag : new String[] {"a", "L", "x"}) {
            if (on.contains(flag) || off.contains(flag)) {
                throw refuse("the flag " + flag + " cannot be used here");
            }
        }
        String kept = on.replace("u", "") + off;
        if (whole) {
            out.append(kept.isEmpty() ? "" : "(?" + kept + ")");
            return true;
        }
        out.append("(?").append(kept).append(':');
        open(NOT_CAPTURING);
        return false;
    }

    private void namedGroup() {
        String name = name(">");
        if (groups.putIfAbsent(name, ++count) != null) {
            throw refuse("two groups are named " + name);
        }
        out.append('('); // by number, because Java's names may not hold an underscore
        open(count);
    }

    private void namedReference() {
        String name = name(")");
        Integer number = groups.get(name);
        if (number == null) {
            throw refuse("no group is named " + name);
        }
        reference(number);
    }

    private String name(String end) {
        Matcher name = looking(NAME);
        if (name == null || !name.group(2).equals(end)) {
            throw refuse("a group has no valid name");
        }
        take(NAME);
        return name.group(1);
    }

    private void reference(int number) {
        if (number > count) {
            throw refuse("there is no group " + number);
        }
        if (open.contains(number)) {
            throw refuse("group " + number + " refers to itself");
        }
        out.append("(?:\\").append(number).append(')'); // no digit that follows can join it
        repeatable = true;
    }

    private void comment() {
        int end = source.indexOf(')', at);
        if (end < 0) {
            throw refuse("a comment is not closed");
        }
        at = end + 1;
    }

    private void characterClass() {
        out.append('[');
        at++;
        if (takeIf("^")) {
            out.append('^');
        }
        for (boolean first = true; first || !ahead(']'); first = false) {
            if (at >= source.length()) {
                throw refuse("a set of characters is not closed");
            }
            char c = source.charAt(at);
            if (c == '\\') {
                escape(true);
            } else {
                // Java would nest, intersect and negate where Python has plain characters
                out.append("[]&^".indexOf(c) >= 0 ? "\\" : "").append(c);
                at++;
            }
        }
        out.append(']');
        at++;
        repeatable = true;
    }

    private void escape(boolean inClass) {
        at++;
        if (at >= source.length()) {
            throw refuse("a backslash ends it");
        }
        char c = source.charAt(at);
        if (c >= '0' && c <= '9') {
            number(inClass);
            return;
        }
        at++;
        repeatable = inClass || "AbBZ".indexOf(c) < 0;
        if (!Character.isLetter(c) || c > 'z') {
            out.append('\\').append(c);
        } else if ("dDsSwWafnrt".indexOf(c) >= 0 || (!inClass && (c == 'A' || c == 'B'))) {
            out.append('\\').append(c);
        } else if (c == 'b') {
            out.append(inClass ? "\\x08" : "\\b");
        } else if (c == 'v') {
            out.append("\\x0B");
        } else if (!inClass && c == 'Z') {
            out.append("\\z");
        } else if (c == 'x' || c == 'u' || c == 'U') {
            hexadecimal(c == 'x' ? 2 : c == 'u' ? 4 : 8);
        } else {
            throw refuse("\\" + c + " cannot be used" + (inClass ? " in a set" : " here"));
        }
    }

    private void number(boolean inClass) {
        Matcher digits = looking(NUMBER);
        if (inClass || digits == null || digits.group().startsWith("0")) {
            throw refuse("characters written in octal cannot be used here");
        }
        reference(Integer.parseInt(take(NUMBER)));
    }

    private void hexadecimal(int length) {
        Matcher digits = looking(HEX);
        if (digits == null || digits.group().length() < length) {
            throw refuse("a character is not written with " + length + " hexadecimal digits");
        }
        int character = (int) Long.parseLong(digits.group().substring(0, length), 16);
        if (!Character.isValidCodePoint(character)) {
            throw refuse("there is no character of that number");
        }
        out.append(String.format("\\x{%x}", character));
        at += length;
    }

    private boolean ahead(char c) {
        return at < source.length() && source.charAt(at) == c;
    }

    private boolean takeIf(String text) {
        boolean ahead = source.startsWith(text, at);
        at += ahead ? text.length() : 0;
        return ahead;
    }

    private String take(Pattern pattern) {
        Matcher matcher = looking(pattern);
        if (matcher == null) {
            return "";
        }
        at = matcher.end();
        return matcher.group();
    }

    private @Nullable Matcher looking(Pattern pattern) {
        Matcher matcher = pattern.matcher(source).region(at, source.length());
        return matcher.lookingAt() ? matcher : null;
    }

    private PatternSyntaxException refuse(String why) {
        return new PatternSyntaxException(why, source, at);
    }
}
