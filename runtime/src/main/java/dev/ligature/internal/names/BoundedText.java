package dev.ligature.internal.names;

import dev.ligature.LoraException;

/**
 * A text that can be looked at a bounded number of times. Expressions come from files, and there
 * are short ones that backtrack for hours over the name of a module.
 */
final class BoundedText implements CharSequence {
    private static final int MOST = 1 << 20;

    private final String text;
    private final String expression;
    private int looks;

    BoundedText(String text, String expression) {
        this.text = text;
        this.expression = expression;
    }

    @Override
    public char charAt(int index) {
        if (++looks > MOST) {
            throw new LoraException(
                    "LoraRegexCost",
                    "The expression '"
                            + expression
                            + "' has not matched the name "
                            + text
                            + " after a million steps. Write it with fewer repetitions that can"
                            + " match the same text.");
        }
        return text.charAt(index);
    }

    @Override
    public int length() {
        return text.length();
    }

    @Override
    public CharSequence subSequence(int start, int end) {
        return text.substring(start, end);
    }

    @Override
    public String toString() {
        return text;
    }
}
