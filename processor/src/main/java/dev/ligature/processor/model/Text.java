package dev.ligature.processor.model;

import dev.ligature.processor.diag.Site;

/**
 * A text of an annotation.
 *
 * @param value the text; where it was left out, its default
 * @param site the value's own position, or that of its annotation where it was left out
 */
public record Text(String value, Site site) {
    /** Returns whether the text is empty. */
    public boolean isEmpty() {
        return value.isEmpty();
    }
}
