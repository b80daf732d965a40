package dev.ligature.models.internal.jinja;

import java.util.List;

/**
 * A rendered template.
 *
 * @param text the text
 * @param generated the parts in {@code generation} blocks, in order
 */
public record Rendered(String text, List<Span> generated) {
    /** Copies the list. */
    public Rendered {
        generated = List.copyOf(generated);
    }

    /**
     * A part of a text.
     *
     * @param begin the index of its first character
     * @param end the index behind its last character
     */
    public record Span(int begin, int end) {}
}
