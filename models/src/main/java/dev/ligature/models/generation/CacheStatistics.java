package dev.ligature.models.generation;

/**
 * What a {@link RunningBatch} holds of keys and values, in tokens of whole blocks.
 *
 * @param reserved for texts under way, to their ends
 * @param kept of prefixes
 * @param budget the most of both together
 * @param hits how many tokens of prompts were taken from kept prefixes so far, and not computed
 */
public record CacheStatistics(long reserved, long kept, long budget, long hits) {
    /** Nothing, and no room. */
    public static final CacheStatistics NONE = new CacheStatistics(0, 0, 0, 0);
}
