package dev.ligature.models.internal.jinja;

/**
 * What a rendering may use.
 *
 * @param steps the number of expressions and statements
 * @param size the characters of all texts, and values of all lists, that it makes
 */
public record Limits(long steps, long size) {
    /** Enough for conversations of a million characters. */
    public static final Limits DEFAULT = new Limits(20_000_000, 200_000_000);
}
