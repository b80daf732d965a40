package dev.ligature.models.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import org.jspecify.annotations.Nullable;

/**
 * The heads of attention: each of KV key heads serves a group of G query heads.
 *
 * @param keyValue the number KV of key heads
 * @param groups the number G of query heads that share one
 * @param size the size D of a head
 */
public record Heads(int keyValue, int groups, int size) {
    /** Returns the number of elements of a token's queries, KV·G·D. */
    public long querySize() {
        return (long) keyValue * groups * size;
    }

    /** Returns the number of elements of a token's keys, KV·D. */
    public long keySize() {
        return (long) keyValue * size;
    }

    /**
     * Returns queries or keys as a norm over each head by itself gives them.
     *
     * @param norm a norm over the last axis, of size D
     * @param x queries or keys, {@code (B, T, n·D)}
     */
    public NDArray normed(
            Block norm,
            NDArray x,
            ParameterStore parameterStore,
            boolean training,
            @Nullable PairList<String, Object> params) {
        Shape shape = x.getShape();
        NDList apart = new NDList(x.reshape(shape.get(0), shape.get(1), -1, size)); // (B, T, n, D)
        return norm.forward(parameterStore, apart, training, params)
                .singletonOrThrow()
                .reshape(shape); // (B, T, n·D)
    }
}
