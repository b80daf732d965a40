package dev.ligature.internal.json;

/**
 * What a document may have, so that reading a hostile one takes little memory.
 *
 * @param depth the most objects and lists in each other
 * @param elements the most elements of a list
 */
public record JsonLimits(int depth, int elements) {
    /** The limits of a configuration, whose size is limited too. */
    public static final JsonLimits CONFIGURATION = new JsonLimits(32, Integer.MAX_VALUE);
}
