package dev.ligature.internal.names;

import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** A regular expression that matches as in Python's {@code re} module. */
public final class PythonRegex {
    // UNIX_LINES: a dot leaves out \n only, and $ stands before a last \n only, as in Python.
    // UNICODE_CHARACTER_CLASS: \d, \w and \s go by Unicode, as in Python's patterns of str.
    private static final int FLAGS = Pattern.UNIX_LINES | Pattern.UNICODE_CHARACTER_CLASS;

    private final String expression;
    private final Pattern pattern;
    private final Map<String, Integer> groups;

    private PythonRegex(String expression, Pattern pattern, Map<String, Integer> groups) {
        this.expression = expression;
        this.pattern = pattern;
        this.groups = groups;
    }

    /**
     * Returns the compiled expression.
     *
     * @throws PatternSyntaxException if Python would refuse it, or if it uses a feature that {@code
     *     java.util.regex} has no equal of, such as conditional groups
     */
    public static PythonRegex compile(String expression) {
        RegexTranslator translator = new RegexTranslator(expression);
        String translated = translator.translate();
        try {
            return new PythonRegex(
                    expression, Pattern.compile(translated, FLAGS), translator.groups());
        } catch (PatternSyntaxException e) {
            // Names the expression as it was written, not as it was translated.
            throw new PatternSyntaxException(e.getDescription(), expression, -1);
        }
    }

    /** Returns an expression that matches a name alone. */
    public static String quote(String name) {
        return name.replaceAll("[^\\w]", "\\\\$0");
    }

    /** Returns whether the whole text matches; Python's {@code fullmatch}. */
    public boolean fullMatch(String text) {
        return matcher(text).matches();
    }

    /** Returns a matcher whose match, if it has one, starts where the text does. */
    Matcher matcher(String text) {
        return pattern.matcher(new BoundedText(text, expression));
    }

    /** Returns whether a match starts where the text does; Python's {@code match}. */
    public boolean matchAtStart(String text) {
        return matcher(text).lookingAt();
    }

    /** Returns the number of a named group. */
    int group(String name) {
        return groups.getOrDefault(name, 0);
    }
}
