package dev.ligature.models.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;

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
     * @param call the forward pass
     */
    public NDArray normed(Block norm, NDArray x, Call call) {
        Shape shape = x.getShape();
        NDArray apart = x.reshape(shape.get(0), shape.get(1), -1, size); // (B, T, n, D)
        return call.of(norm, apart).reshape(shape); // (B, T, n·D)
    }
}
