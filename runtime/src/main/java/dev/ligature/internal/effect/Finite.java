package dev.ligature.internal.effect;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;

/** Tells whether arrays have infinite values or values that are not numbers. */
public final class Finite {
    private Finite() {}

    /** Returns whether the size of all values of an array is at most a limit. */
    public static boolean isWithin(NDArray array, float limit) {
        try (NDManager scope = array.getManager().newSubManager()) {
            NDArray sizes = array.abs();
            sizes.attach(scope);
            NDArray within = sizes.lte(limit); // false for NaN
            within.attach(scope);
            NDArray all = within.all();
            all.attach(scope);
            return all.getBoolean();
        }
    }

    /** Returns whether all values of an array are finite. */
    public static boolean isAll(NDArray array) {
        try (NDManager scope = array.getManager().newSubManager()) {
            NDArray difference = array.sub(array); // zero where finite, NaN elsewhere
            difference.attach(scope);
            NDArray broken = difference.isNaN();
            broken.attach(scope);
            NDArray any = broken.any();
            any.attach(scope);
            return !any.getBoolean();
        }
    }
}
