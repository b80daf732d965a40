package dev.ligature.cli.report;

import java.util.ArrayDeque;
import java.util.Deque;

/** Elements of HTML and SVG, one after the other. All text and all values are escaped. */
final class Markup {
    private final StringBuilder out = new StringBuilder();
    private final Deque<String> open = new ArrayDeque<>();

    /**
     * Begins an element.
     *
     * @param tag its name
     * @param attributes names and values in turn
     */
    Markup open(String tag, Object... attributes) {
        empty(tag, attributes);
        open.push(tag);
        return this;
    }

    /** Writes an element that has no end tag in HTML. */
    Markup empty(String tag, Object... attributes) {
        out.append('<').append(tag);
        for (int i = 0; i < attributes.length; i += 2) {
            out.append(' ').append(attributes[i]).append("=\"");
            text(attributes[i + 1]).out.append('"');
        }
        out.append('>');
        return this;
    }

    /** Ends the element that was begun last. */
    Markup close() {
        out.append("</").append(open.pop()).append('>');
        return this;
    }

    /** Begins a new line of the file. */
    Markup line() {
        out.append('\n');
        return this;
    }

    /** Writes text. */
    Markup text(Object text) {
        String plain = text.toString();
        for (int i = 0; i < plain.length(); i++) {
            char c = plain.charAt(i);
            switch (c) {
                case '&' -> out.append("&amp;");
                case '<' -> out.append("&lt;");
                case '>' -> out.append("&gt;");
                case '"' -> out.append("&quot;");
                case '\'' -> out.append("&#39;");
                default -> out.append(isAllowed(c) ? c : '\uFFFD');
            }
        }
        return this;
    }

    private static boolean isAllowed(char c) {
        return c >= ' ' || c == '\n' || c == '\t';
    }

    /** Writes an element with text alone. */
    Markup element(String tag, Object text, Object... attributes) {
        return open(tag, attributes).text(text).close();
    }

    /** Writes what is HTML already and has no text of others: the style sheet, for one. */
    Markup trusted(CharSequence html) {
        out.append(html);
        return this;
    }

    @Override
    public String toString() {
        return out.toString();
    }
}
