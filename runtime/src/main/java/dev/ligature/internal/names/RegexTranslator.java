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
 * Rewrites the part of Python's regular expressions (3.11 and later) that is used for names of
 * modules to the syntax of {@code java.util.regex}: groups, also named ones and references to them,
 * look-around, sets, quantifiers, classes such as {@code \d}, and {@code (?i)} at the start. What
 * reads differently is rewritten; all else is refused by name.
 *
 * <p>Not noticed are look-behinds of variable length, which Python refuses.
 */
final class RegexTranslator {
    private static final Pattern QUANTIFIER =
            Pattern.compile("([*+?]|\\{(?:\\d+(?:,\\d*)?|,\\d*)})(\\??)(\\+?)");
    private static final Pattern SAME_GROUP = Pattern.compile("\\(\\?(?:[:=!]|<[=!])");
    private static final Pattern NAMED_GROUP =
            Pattern.compile("\\(\\?P<([\\p{L}_][\\p{L}\\p{N}_]*)>");
    private static final Pattern NAMED_REFERENCE = Pattern.compile("\\(\\?P=([^)]*)\\)");
    private static final Pattern NUMBER = Pattern.compile("\\\\([1-9]\\d?)");
    private static final Pattern FLAGS = Pattern.compile("\\(\\?[a-zA-Z]*-?[a-zA-Z]*[:)]");

    /** The escapes that read alike in both languages; others of letters and digits are refused. */
    private static final String CLASSES = "dDsSwWnrt";

    private static final String BOUNDARIES = "AbBZ";

    private final String source;
    private final StringBuilder out = new StringBuilder();
    private final Map<String, Integer> groups = new HashMap<>();

    /** The numbers of the groups that are open; 0 for one that does not capture. */
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
        if (source.startsWith("(?i)")) {
            append(4, "(?i)", false);
        }
        while (at < source.length()) {
            char c = source.charAt(at);
            Matcher quantifier = looking(QUANTIFIER);
            if (quantifier != null) {
                quantifier(quantifier);
            } else if (c == '(') {
                group();
            } else if (c == ')') {
                require(!open.isEmpty(), "a parenthesis closes nothing");
                open.pop();
                append(1, ")", true);
            } else if (c == '[') {
                set();
            } else if (c == '\\') {
                escape(false);
            } else {
                // Python takes braces and brackets for themselves where they close nothing
                append(1, ("{}]".indexOf(c) >= 0 ? "\\" : "") + c, "^$|".indexOf(c) < 0);
            }
        }
        require(open.isEmpty(), "a group is not closed");
        return out.toString();
    }

    private void quantifier(Matcher quantifier) {
        require(repeatable, "a quantifier has nothing to repeat");
        String times = quantifier.group(1);
        require(
                quantifier.group(3).isEmpty() || !quantifier.group(2).isEmpty(),
                "the possessive quantifier " + times + "+ is not supported");
        require(quantifier.group(3).isEmpty(), "a quantifier has nothing to repeat");
        append(
                quantifier.group().length(),
                (times.startsWith("{,") ? "{0" + times.substring(1) : times) + quantifier.group(2),
                false);
    }

    private void group() {
        Matcher same = looking(SAME_GROUP);
        Matcher named = looking(NAMED_GROUP);
        Matcher reference = looking(NAMED_REFERENCE);
        if (!source.startsWith("(?", at)) {
            open.push(++count);
            append(1, "(", false);
        } else if (same != null) {
            open.push(0);
            append(same.group().length(), same.group(), false);
        } else if (named != null) {
            require(
                    groups.putIfAbsent(named.group(1), ++count) == null,
                    "two groups are named " + named.group(1));
            open.push(count);
            // by number, because Java's names may not hold an underscore
            append(named.group().length(), "(", false);
        } else if (reference != null) {
            Integer number = groups.get(reference.group(1));
            reference(reference, number == null ? Integer.MAX_VALUE : number);
        } else {
            throw refuse(unsupportedGroup());
        }
    }

    private String unsupportedGroup() {
        if (source.startsWith("(?#", at)) {
            return "a comment, (?#…), is not supported";
        }
        if (source.startsWith("(?(", at)) {
            return "a group that depends on another, (?(…)…), is not supported";
        }
        if (source.startsWith("(?>", at)) {
            return "an atomic group, (?>…), is not supported";
        }
        return looking(FLAGS) != null
                ? "flags other than (?i) at the start are not supported"
                : "'(?' is followed by what Python does not know";
    }

    private void reference(Matcher reference, int number) {
        require(number <= count, "there is no group " + reference.group(1));
        require(!open.contains(number), "group " + reference.group(1) + " refers to itself");
        // in a group, so that no digit that follows can join the number
        append(reference.group().length(), "(?:\\" + number + ")", true);
    }

    private void set() {
        boolean negated = source.startsWith("[^", at);
        append(negated ? 2 : 1, negated ? "[^" : "[", true);
        int first = at;
        while (at == first || !source.startsWith("]", at)) {
            require(at < source.length(), "a set of characters is not closed");
            char c = source.charAt(at);
            if (c == '\\') {
                escape(true);
            } else {
                // Java would nest, intersect and negate where Python has plain characters
                append(1, ("[]&^".indexOf(c) >= 0 ? "\\" : "") + c, true);
            }
        }
        append(1, "]", true);
    }

    private void escape(boolean inSet) {
        require(at + 1 < source.length(), "a backslash ends it");
        Matcher number = looking(NUMBER);
        char c = source.charAt(at + 1);
        boolean plain = !Character.isLetterOrDigit(c) || c > 'z';
        if (plain || CLASSES.indexOf(c) >= 0) {
            append(2, "\\" + c, true);
        } else if (!inSet && BOUNDARIES.indexOf(c) >= 0) {
            append(2, c == 'Z' ? "\\z" : "\\" + c, false);
        } else if (!inSet && number != null) {
            reference(number, Integer.parseInt(number.group(1)));
        } else {
            throw refuse("\\" + c + " is not supported" + (inSet ? " in a set" : ""));
        }
    }

    private void append(int length, String translated, boolean canBeRepeated) {
        at += length;
        out.append(translated);
        repeatable = canBeRepeated;
    }

    private @Nullable Matcher looking(Pattern pattern) {
        Matcher matcher = pattern.matcher(source).region(at, source.length());
        return matcher.lookingAt() ? matcher : null;
    }

    private void require(boolean condition, String otherwise) {
        if (!condition) {
            throw refuse(otherwise);
        }
    }

    private PatternSyntaxException refuse(String why) {
        return new PatternSyntaxException(why, source, at);
    }
}
