package dev.ligature.internal.tensors;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;

/** The largest difference that rounding to a file's data type made to a value. */
public final class Rounding {
    private double largest;
    private boolean overflow;

    /** Notes one rounded value. */
    void note(double value, double rounded) {
        double step = Math.abs(rounded - value);
        if (Double.isFinite(step)) {
            largest = Math.max(largest, step);
        } else if (Double.isFinite(value)) {
            overflow = true;
        }
    }

    /** Notes rounded values, element by element; integers are taken to be exact. */
    void note(NDArray values, NDArray rounded) {
        if (!values.getDataType().isFloating()) {
            return;
        }
        double[] before = doubles(values);
        double[] after = doubles(rounded);
        for (int i = 0; i < before.length; i++) {
            note(before[i], after[i]);
        }
    }

    /** Returns the largest |rounded − value| over the finite values. */
    public double largest() {
        return largest;
    }

    /** Returns whether a finite value became an infinity. */
    public boolean overflowed() {
        return overflow;
    }

    private static double[] doubles(NDArray array) {
        try (NDArray wide = array.toType(DataType.FLOAT64, true)) {
            return wide.toDoubleArray();
        }
    }
}
