package dev.ligature.block;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.training.GradientCollector;
import org.junit.jupiter.api.Test;

/** Casts round as DJL's do, and have the gradient that DJL's have not. */
final class CastTest {
    private static final float[] VALUES = {1f / 3, -2049.5f, 6e-8f, 0, 65504};

    @Test
    void casts_roundAsToTypeDoes() {
        try (NDManager manager = NDManager.newBaseManager()) {
            NDArray x = manager.create(VALUES); // (5)
            NDArray half = Cast.to(x, DataType.FLOAT16);
            assertEquals(DataType.FLOAT16, half.getDataType());
            assertEquals(x.toType(DataType.FLOAT16, false), half);
            NDArray wide = Cast.to(half, DataType.FLOAT32);
            assertEquals(half.toType(DataType.FLOAT32, false), wide);
            assertEquals(x.toType(DataType.FLOAT64, false), Cast.to(x, DataType.FLOAT64));
            assertArrayEquals(VALUES, x.toFloatArray(), "the argument is left alone");
            assertSame(x, Cast.to(x, DataType.FLOAT32));
        }
    }

    @Test
    void gradients_goThroughCastsBothWays() {
        try (NDManager manager = NDManager.newBaseManager()) {
            NDArray x = manager.create(new float[] {1, 2, 3}); // (3)
            x.setRequiresGradient(true);
            try (GradientCollector collector = manager.getEngine().newGradientCollector()) {
                NDArray half = Cast.to(x.square(), DataType.FLOAT16);
                collector.backward(Cast.to(half, DataType.FLOAT32).sum());
            }
            assertEquals(DataType.FLOAT32, x.getGradient().getDataType());
            assertArrayEquals(new float[] {2, 4, 6}, x.getGradient().toFloatArray());
        }
    }
}
