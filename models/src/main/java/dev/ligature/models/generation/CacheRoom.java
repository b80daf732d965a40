package dev.ligature.models.generation;

import ai.djl.ndarray.NDManager;
import dev.ligature.models.block.TextCache;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The room for keys and values, in blocks: what texts under way have reserved, and prefixes that
 * are kept in what is left, and make way.
 */
final class CacheRoom {
    private static final Logger LOG = LoggerFactory.getLogger(CacheRoom.class);

    private final long total;
    private final boolean keeps;
    private final PrefixBlocks prefixes;
    private long reserved;
    private long hitTokens;

    CacheRoom(BatchOptions options, NDManager manager) {
        this.total = options.cacheTokens() / BatchOptions.BLOCK;
        this.keeps = options.keepsPrefixes();
        this.prefixes = new PrefixBlocks(manager);
    }

    /** Returns how many blocks there are. */
    long total() {
        return total;
    }

    /**
     * Reserves blocks for a text, for which prefixes make way; returns whether that is possible.
     */
    boolean reserve(long blocks) {
        if (blocks > total - reserved) {
            return false;
        }
        reserved += blocks;
        while (prefixes.size() > total - reserved) {
            prefixes.evict();
        }
        return true;
    }

    /** Gives blocks of a text back. */
    void release(long blocks) {
        reserved -= blocks;
    }

    /**
     * Appends kept tokens of other texts to a text, as many as that succeeds for.
     *
     * @param adapter what the text goes through
     * @param ids its tokens
     * @param most how many of them may be taken over
     * @param text its keys and values
     * @return how many were
     */
    long extend(String adapter, long[] ids, long most, TextCache text) {
        long before = text.length();
        if (keeps) {
            try {
                prefixes.extend(adapter, ids, most, text);
            } catch (RuntimeException e) {
                LOG.warn("A text computes what others have computed, which it cannot copy", e);
            }
        }
        hitTokens += text.length() - before;
        return text.length() - before;
    }

    /**
     * Keeps the whole blocks of a text as far as there is room beside the texts under way. What
     * fails in that concerns none of them.
     */
    void keep(String adapter, long[] ids, TextCache text) {
        if (keeps) {
            try {
                prefixes.keep(adapter, ids, text, total - reserved);
            } catch (RuntimeException e) {
                LOG.warn("A prefix is not kept", e);
            }
        }
    }

    CacheStatistics statistics() {
        return new CacheStatistics(
                reserved * BatchOptions.BLOCK,
                prefixes.size() * BatchOptions.BLOCK,
                total > Long.MAX_VALUE / BatchOptions.BLOCK - 1
                        ? Long.MAX_VALUE
                        : total * BatchOptions.BLOCK,
                hitTokens);
    }
}
