package dev.ligature.models.training;

import dev.ligature.training.NextTokenLoss;
import java.util.Arrays;
import java.util.BitSet;

/** A text of a causal language model as tokens, and the same with what does not count ignored. */
final class CausalRow {
    private final long[] ids;
    private final long[] labels;

    private CausalRow(long[] ids, long[] labels) {
        this.ids = ids;
        this.labels = labels;
    }

    /**
     * Returns a row of not too many tokens. One that is too long is cut behind, or in front where
     * nothing else would be left to learn.
     *
     * @param ids the tokens
     * @param counted which of them count
     * @param most the most tokens
     */
    static CausalRow of(long[] ids, BitSet counted, int most) {
        long[] labels = new long[ids.length];
        for (int i = 0; i < ids.length; i++) {
            labels[i] = counted.get(i) ? ids[i] : NextTokenLoss.IGNORED;
        }
        int first = Math.max(0, counted.nextSetBit(0));
        int from = 0;
        if (first >= most) {
            int kept = Math.min(ids.length - first, Math.max(1, most - 1));
            from = first + kept - most;
        }
        int to = Math.min(ids.length, from + most);
        return new CausalRow(
                Arrays.copyOfRange(ids, from, to), Arrays.copyOfRange(labels, from, to));
    }

    /** Returns whether a token behind the first counts: one that the model is to foretell. */
    boolean foretellsAny() {
        return Arrays.stream(labels).skip(1).anyMatch(label -> label != NextTokenLoss.IGNORED);
    }

    /** Returns the tokens; not a copy. */
    long[] ids() {
        return ids;
    }

    /** Returns the labels; not a copy. */
    long[] labels() {
        return labels;
    }
}
