package dev.ligature.internal.names;

/**
 * A text whose characters can be read a limited number of times. Expressions come from files, and
 * short ones can backtrack for hours over the name of a module.
 */
final class BoundedText implements CharSequence {
    private static final int MOST = 1 << 20;

    private final String text;
    private final String expression;
    private int reads;

    BoundedText(String text, String expression) {
        this.text = text;
        this.expression = expression;
    }

    @Override
    public char charAt(int index) {
        if (++reads > MOST) {
            throw NameMessage.REGEX_COST.error(expression, text);
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
