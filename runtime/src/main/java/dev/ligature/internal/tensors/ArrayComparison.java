package dev.ligature.internal.tensors;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;

/**
 * How two floating arrays of one shape differ.
 *
 * @param identical whether they are equal bit for bit
 * @param largest the largest difference of two elements; NaN where one of them is
 */
public record ArrayComparison(boolean identical, double largest) {

    /** Compares two arrays, a part at a time. */
    public static ArrayComparison of(NDArray a, NDArray b) {
        boolean identical = true;
        double largest = 0;
        int step = TensorBytes.ELEMENTS;
        try (NDArray flatA = a.reshape(-1);
                NDArray flatB = b.reshape(-1)) { // (…) -> (n)
            for (long at = 0; at < a.size(); at += step) {
                long end = Math.min(a.size(), at + step);
                double[] partA = doubles(flatA, at, end);
                double[] partB = doubles(flatB, at, end);
                for (int i = 0; i < partA.length; i++) {
                    if (Double.doubleToRawLongBits(partA[i])
                            != Double.doubleToRawLongBits(partB[i])) {
                        identical = false;
                        // Math.max keeps a NaN.
                        largest = Math.max(largest, Math.abs(partA[i] - partB[i]));
                    }
                }
            }
        }
        return new ArrayComparison(identical, largest);
    }

    private static double[] doubles(NDArray flat, long from, long to) {
        try (NDArray part = flat.get(new NDIndex().addSliceDim(from, to));
                NDArray wide = part.toType(DataType.FLOAT64, true)) {
            return wide.toDoubleArray();
        }
    }
}
