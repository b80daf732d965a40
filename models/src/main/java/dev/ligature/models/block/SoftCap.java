package dev.ligature.models.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;

/** Keeps numbers between −c and c: {@code c · tanh(x / c)}. */
public final class SoftCap {
    private SoftCap() {}

    /** Returns the capped numbers, or x itself if c is 0. */
    public static NDArray of(NDArray x, float c) {
        if (c == 0) {
            return x;
        }
        NDArray cap = x.getManager().full(new Shape(), c, x.getDataType());
        return x.div(cap).tanh().mul(cap);
    }
}
