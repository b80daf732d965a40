package dev.ligature.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import java.util.Objects;

/**
 * Changes the data type of an array and keeps its gradient.
 *
 * <p>DJL's {@code toType}, like {@code duplicate}, computes outside of the autograd graph on
 * PyTorch: what comes before it gets no gradient, without any error. Where a forward pass may be
 * trained, cast with this.
 */
public final class Cast {
    private Cast() {}

    /**
     * Returns the array in another data type, rounded as {@code toType} rounds; the array itself
     * where it has that type.
     *
     * @param x the array, of any floating-point type
     * @param type the floating-point type to have
     */
    public static NDArray to(NDArray x, DataType type) {
        Objects.requireNonNull(x, "x");
        Objects.requireNonNull(type, "type");
        if (x.getDataType() == type) {
            return x;
        }
        // A sum in place has the type of its left side, and autograd casts the gradient back.
        return x.getManager().zeros(x.getShape(), type).addi(x);
    }
}
