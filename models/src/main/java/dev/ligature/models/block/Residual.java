package dev.ligature.models.block;

import ai.djl.ndarray.NDArray;

/** The path beside a layer's parts, to which they add. */
public final class Residual {
    private Residual() {}

    /** Returns x + y, in the array x unless training, where autograd may need x. */
    public static NDArray plus(NDArray x, NDArray y, boolean training) {
        return training ? x.add(y) : x.addi(y);
    }
}
