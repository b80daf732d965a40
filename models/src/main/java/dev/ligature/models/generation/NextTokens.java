package dev.ligature.models.generation;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** Chooses the next token of each row of a batch. */
final class NextTokens {
    private static final int VOCABULARY = -1; // the axis

    private NextTokens() {}

    /**
     * Returns the next token of each row. The logits are copied to the heap only if a row draws its
     * token.
     *
     * @param logits {@code (B, T, V)}; those of the last token count
     */
    static int[] choose(List<TextRow> rows, NDArray logits) {
        long tokens = logits.getShape().get(1);
        NDArray last =
                tokens == 1 ? logits : logits.split(new long[] {tokens - 1}, 1).get(1); // (B, 1, V)
        NDArray wide = last.toType(DataType.FLOAT32, false);
        if (rows.stream().allMatch(TextRow::isGreedy)) {
            // The first of several, as a row that draws takes it.
            return LongStream.of(wide.argMax(VOCABULARY).toLongArray())
                    .mapToInt(Math::toIntExact)
                    .toArray();
        }
        float[] numbers = wide.toFloatArray();
        int vocabulary = numbers.length / rows.size();
        return IntStream.range(0, rows.size())
                .map(i -> rows.get(i).choose(numbers, i * vocabulary, vocabulary))
                .toArray();
    }
}
