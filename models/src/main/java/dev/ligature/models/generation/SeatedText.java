package dev.ligature.models.generation;

import ai.djl.ndarray.NDManager;
import dev.ligature.models.block.TextCache;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A text that has its room in the cache, with what is read of it. */
final class SeatedText implements AutoCloseable {
    private final TextRow row;
    private final long[] prompt;
    private final TextCache cache;
    private final CacheRoom room;
    private final long blocks;
    private final List<TokenScore> promptScores = new ArrayList<>();
    private long kept; // of its blocks

    private SeatedText(TextRow row, int layers, CacheRoom room, long blocks, NDManager manager) {
        this.row = row;
        this.prompt = row.prompt();
        this.cache = new TextCache(manager, layers, row.longest());
        this.room = room;
        this.blocks = blocks;
    }

    /** Returns a text that has reserved all the room that it can need, or null if there is none. */
    static @Nullable SeatedText of(TextRow row, int layers, CacheRoom room, NDManager manager) {
        long blocks = BatchOptions.blocks(row.longest());
        return room.reserve(blocks) ? new SeatedText(row, layers, room, blocks, manager) : null;
    }

    TextRow row() {
        return row;
    }

    TextCache cache() {
        return cache;
    }

    /** Returns how many tokens of the prompt are left to read. */
    int unread() {
        return (int) (prompt.length - cache.length());
    }

    /** Returns whether the scores of its prompt are wanted. */
    boolean isScored() {
        return row.kept().ofPrompt();
    }

    /** Takes over what is known of other texts; the last token is always left to read. */
    void extend() {
        if (!isScored()) {
            row.tookKept(room.extend(row.adapter(), prompt, prompt.length - 1L, cache));
        }
    }

    /** Keeps the blocks that have become whole. */
    void keep() {
        long whole = cache.length() / BatchOptions.BLOCK;
        if (whole > kept) {
            kept = whole;
            long[] ids = Arrays.copyOf(prompt, Math.toIntExact(row.longest()));
            long[] made = row.tokens();
            System.arraycopy(made, 0, ids, prompt.length, made.length);
            room.keep(row.adapter(), ids, cache);
        }
    }

    /** Returns the next tokens of the prompt. */
    long[] piece(int tokens) {
        int from = (int) cache.length();
        return Arrays.copyOfRange(prompt, from, from + tokens);
    }

    /** Returns the tokens of the prompt that come after some places. */
    long[] next(int from, int to) {
        return Arrays.copyOfRange(prompt, from + 1, to + 1);
    }

    /** Takes scores of the prompt's tokens. */
    void score(List<TokenScore> more) {
        promptScores.addAll(more);
        if (promptScores.size() == prompt.length - 1) {
            row.scorePrompt(promptScores);
        }
    }

    /** Gives its room back. */
    @Override
    public void close() {
        cache.close();
        room.release(blocks);
    }
}
