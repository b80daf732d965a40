package dev.ligature.models.t5;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.ligature.block.Cast;
import java.util.function.UnaryOperator;

/**
 * Numbers the distances between tokens: small ones each by itself, larger ones together, on a
 * logarithmic scale (Raffel et al., "Exploring the Limits of Transfer Learning", 2020, section
 * 2.1).
 *
 * @param count how many numbers there are
 * @param maxDistance the distance from which on all have the last number
 * @param bothWays whether tokens look ahead as well, which takes half of the numbers
 */
record RelativeBuckets(int count, int maxDistance, boolean bothWays) {
    /**
     * Returns the numbers of all pairs of tokens, row by row.
     *
     * @param from the place of the first token that looks
     * @param to the place behind the last
     * @return (to − from) · to numbers: those of every token that looks, for all tokens up to the
     *     last
     */
    int[] of(int from, int to) {
        int[] buckets = new int[(to - from) * to];
        for (int i = 0; i < buckets.length; i++) {
            buckets[i] = bucket(i % to - (from + i / to));
        }
        return buckets;
    }

    /**
     * Returns what is added to the scores of a stack's attention: {@code (1, H, to − from, to)}.
     *
     * @param table looks a row of {@code (count, H)} up for each number
     * @param scope the owner of the result
     * @param from the place of the first token that looks
     * @param to the place behind the last
     */
    NDArray bias(UnaryOperator<NDList> table, NDManager scope, int from, int to) {
        NDArray numbers = scope.create(of(from, to), new Shape(to - from, to)); // (T, S)
        NDArray bias = table.apply(new NDList(numbers)).singletonOrThrow(); // (T, S, H)
        return Cast.to(bias, DataType.FLOAT32).transpose(2, 0, 1).expandDims(0);
    }

    /** Returns the number of a distance, negative where the token that is looked at is earlier. */
    int bucket(int distance) {
        int half = bothWays ? count / 2 : count;
        int base = bothWays && distance > 0 ? half : 0;
        int far = bothWays ? Math.abs(distance) : Math.max(0, -distance);
        int exact = half / 2;
        if (far < exact) {
            return base + far;
        }
        // In float, as torch does: a double would put some distances into the next bucket.
        float position = (float) Math.log((float) far / exact);
        float scale = (float) Math.log((double) maxDistance / exact);
        int step = (int) (position / scale * (half - exact));
        return base + Math.min(exact + step, half - 1);
    }
}
