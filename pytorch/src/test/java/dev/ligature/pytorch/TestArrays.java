package dev.ligature.pytorch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Random;

/** Makes arrays out of a seed, and compares them. */
final class TestArrays {
    private final NDManager manager;
    private final Random random;
    private final DataType type;

    TestArrays(NDManager manager, long seed, DataType type) {
        this.manager = manager;
        this.random = new Random(seed);
        this.type = type;
    }

    /** Returns normally distributed numbers. */
    NDArray of(long... shape) {
        Shape of = new Shape(shape);
        double[] values = random.doubles(of.size(), -1, 1).toArray();
        return manager.create(values, of).toType(type, false);
    }

    /** Returns the array as one that gradients are kept for. */
    static NDArray trained(NDArray array) {
        array.setRequiresGradient(true);
        return array;
    }

    static void assertClose(NDArray expected, NDArray actual, double tolerance, String what) {
        assertEquals(expected.getShape(), actual.getShape(), what);
        double largest = Math.max(1e-6, largest(expected));
        double gap = largest(expected.sub(actual)) / largest;
        assertTrue(gap <= tolerance, what + ": " + gap + " of the largest value");
    }

    private static double largest(NDArray array) {
        return array.abs().max().toType(DataType.FLOAT64, false).getDouble();
    }
}
