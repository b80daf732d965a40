package dev.ligature.benchmarks.serving;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;

/** Token ids that PEFT's side makes as well: id i is (7919 i + 13) mod V. */
final class TokenIds {
    private static final long STRIDE = 7919;
    private static final long START = 13;

    private final int batch;
    private final int tokens;
    private final long[] ids; // row by row

    private TokenIds(int batch, int tokens, long[] ids) {
        this.batch = batch;
        this.tokens = tokens;
        this.ids = ids;
    }

    static TokenIds of(Words words) {
        return of(words.number("batch"), words.number("tokens"), words.number("vocabulary"));
    }

    static TokenIds of(int batch, int tokens, int vocabulary) {
        long[] ids = new long[batch * tokens];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = (STRIDE * i + START) % vocabulary;
        }
        return new TokenIds(batch, tokens, ids);
    }

    /** Returns the number B of rows. */
    int batch() {
        return batch;
    }

    /** Returns the ids of one row, from its token begin up to that before end. */
    long[] range(int row, int begin, int end) {
        return Arrays.copyOfRange(ids, row * tokens + begin, row * tokens + end);
    }

    /** Returns the ids, (B, T). */
    NDArray array(NDManager manager) {
        return manager.create(ids, new Shape(batch, tokens));
    }
}
