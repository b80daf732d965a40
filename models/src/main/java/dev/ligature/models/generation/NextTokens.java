package dev.ligature.models.generation;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import java.util.Arrays;
import java.util.List;

/** Chooses the next token of each row of a batch. */
final class NextTokens {
    private static final int VOCABULARY = -1; // the axis

    private final List<TextRow> rows;
    private final NDArray logits; // (B, 1, V)
    private final int[] chosen;

    private NextTokens(List<TextRow> rows, NDArray logits) {
        this.rows = rows;
        this.logits = logits;
        this.chosen = new int[rows.size()];
    }

    /**
     * Returns the next token of each row; a row whose logits are not finite fails instead. Logits
     * are copied to the heap only where a row cannot do with the largest ones.
     *
     * @param logits {@code (B, T, V)}; those of the last token count
     */
    static int[] choose(List<TextRow> rows, NDArray logits) {
        long tokens = logits.getShape().get(1);
        NDArray last =
                tokens == 1 ? logits : logits.split(new long[] {tokens - 1}, 1).get(1); // (B, 1, V)
        return new NextTokens(rows, last.toType(DataType.FLOAT32, false)).chosen();
    }

    private int[] chosen() {
        float[] largest = logits.max(new int[] {VOCABULARY}).toFloatArray(); // NaN if one is
        for (int i = 0; i < largest.length; i++) {
            if (!Float.isFinite(largest[i])) {
                rows.get(i).fail(largest[i]);
            }
        }
        Arrays.fill(chosen, TokenSampler.NONE);
        likeliest();
        ofTheLargest();
        ofAll();
        score();
        return chosen;
    }

    private void score() {
        for (int i = 0; i < chosen.length; i++) {
            TextRow row = rows.get(i);
            if (row.kept().ofNewTokens() && row.failure().isEmpty()) {
                long[] id = {chosen[i]};
                NDArray own = logits.get(new NDIndex("{}", i)); // (1, V)
                row.score(TokenScore.of(id, own, row.kept().likeliest()).get(0));
            }
        }
    }

    private boolean isOpen(int row) {
        return chosen[row] == TokenSampler.NONE && rows.get(row).failure().isEmpty();
    }

    /** Greedy rows take the first of several that are the largest, as a row that draws does. */
    private void likeliest() {
        if (rows.stream().anyMatch(TextRow::isGreedy)) {
            long[] best = logits.argMax(VOCABULARY).toLongArray();
            for (int i = 0; i < best.length; i++) {
                if (rows.get(i).isGreedy()) {
                    chosen[i] = Math.toIntExact(best[i]);
                }
            }
        }
    }

    private void ofTheLargest() {
        long vocabulary = logits.getShape().get(2);
        int most = rows.stream().mapToInt(row -> row.sampler().prefix()).max().orElse(0);
        int width = (int) Math.min(most, vocabulary);
        if (width == 0) {
            return;
        }
        NDList largest = logits.topK(width, VOCABULARY, true, true);
        float[] numbers = largest.get(0).toFloatArray();
        long[] ids = largest.get(1).toLongArray();
        for (int i = 0; i < chosen.length; i++) {
            int needed = rows.get(i).sampler().prefix();
            if (isOpen(i) && needed > 0 && needed <= vocabulary) {
                int from = i * width;
                chosen[i] =
                        rows.get(i)
                                .sampler()
                                .choose(
                                        Arrays.copyOfRange(numbers, from, from + needed),
                                        Arrays.copyOfRange(ids, from, from + needed));
            }
        }
    }

    private void ofAll() {
        for (int i = 0; i < chosen.length; i++) {
            if (isOpen(i)) {
                float[] numbers = logits.get(new NDIndex("{}", i)).toFloatArray();
                chosen[i] = rows.get(i).sampler().choose(numbers);
                if (chosen[i] == TokenSampler.NONE) {
                    rows.get(i).fail(Float.NEGATIVE_INFINITY);
                }
            }
        }
    }
}
