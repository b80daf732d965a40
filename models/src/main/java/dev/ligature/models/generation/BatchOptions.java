package dev.ligature.models.generation;

/**
 * How a {@link RunningBatch} reads prompts, and what it keeps.
 *
 * @param pieceTokens the most tokens of prompts that one pass reads, padding included
 * @param cacheTokens the most tokens whose keys and values are held, of texts under way and of kept
 *     prefixes together; counted in blocks of {@link #BLOCK}
 * @param keepsPrefixes whether blocks of texts are kept for others that begin with the same tokens
 *     and go through the same adapter. The names of adapters, as the {@link RowRouter} gets them,
 *     must then mean the same numbers for as long as the batch is open: the name of a lease of a
 *     store does, a name under which another adapter can be loaded does not
 */
public record BatchOptions(int pieceTokens, long cacheTokens, boolean keepsPrefixes) {
    /** The tokens of a block, the unit in which the cache is counted and prefixes are kept. */
    public static final int BLOCK = 64;

    /** Pieces of 512 tokens, no limit of the cache, and no prefixes. */
    public static final BatchOptions DEFAULTS = new BatchOptions(512, Long.MAX_VALUE, false);

    /**
     * Creates options.
     *
     * @throws IllegalArgumentException if pieces would have no token, or the cache not one block
     */
    public BatchOptions {
        if (pieceTokens < 1) {
            throw new IllegalArgumentException(
                    "pieceTokens is " + pieceTokens + "; it must be at least 1");
        }
        if (cacheTokens < BLOCK) {
            throw new IllegalArgumentException(
                    "cacheTokens is " + cacheTokens + "; it must be at least " + BLOCK);
        }
    }

    /** Returns how many blocks have room for tokens. */
    static long blocks(long tokens) {
        return (tokens + BLOCK - 1) / BLOCK;
    }

    /** Returns whether the cache could hold a text if it were the only one. */
    public boolean fits(long tokens) {
        return blocks(tokens) <= cacheTokens / BLOCK;
    }
}
