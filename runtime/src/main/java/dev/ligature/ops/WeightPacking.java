package dev.ligature.ops;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;

/** Holds weights in fewer bits. Thread-safe. */
@FunctionalInterface
public interface WeightPacking {
    /**
     * Returns a weight in fewer bits; the weight stays open.
     *
     * @param weight {@code (out, in)} fp32, on the processor
     * @param precision how it is held
     * @param owner the manager of the result
     * @throws IllegalArgumentException if it is no such matrix
     */
    PackedArray pack(NDArray weight, WeightPrecision precision, NDManager owner);
}
