package dev.ligature.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The loss against sums worked by hand. */
final class NextTokenLossTest {
    private static final float LN3 = (float) Math.log(3);

    private final NDManager manager = NDManager.newBaseManager();
    private final NextTokenLoss loss = new NextTokenLoss();

    @AfterEach
    void close() {
        manager.close();
    }

    @Test
    void theMean_isOverTheNextTokens() {
        // Of row (0, ln 3) the softmax is (1/4, 3/4); tokens 1 and 0 follow: −ln 3/4, −ln 1/4.
        NDArray logits =
                manager.create(new float[] {0, LN3, 0, LN3, 9, 9}, new Shape(1, 3, 2)); // (B, T, V)
        double expected = (-Math.log(0.75) - Math.log(0.25)) / 2;
        assertEquals(expected, evaluate(ids(0, 1, 0), logits), 1e-6);
        assertEquals(expected, evaluate(ids(0, 1, 0), logits.get(":, :-1")), 1e-6);
    }

    @Test
    void ignoredLabels_countNeitherAboveNorBelowTheLine() {
        NDArray logits = manager.create(new float[] {0, LN3, 0, LN3, 9, 9}, new Shape(1, 3, 2));
        assertEquals(-Math.log(0.75), evaluate(ids(-100, 1, -100), logits), 1e-6);
        assertEquals(-Math.log(0.25), evaluate(ids(0, -100, 0), logits), 1e-6);
    }

    @Test
    void halfPrecisionLogits_haveTheirGradient() {
        NDArray logits =
                manager.create(new float[] {0, LN3}, new Shape(1, 1, 2))
                        .toType(DataType.FLOAT16, false);
        logits.setRequiresGradient(true);
        try (GradientCollector collector = manager.getEngine().newGradientCollector()) {
            NDArray value = loss.evaluate(new NDList(ids(0, 1)), new NDList(logits));
            assertEquals(DataType.FLOAT32, value.getDataType());
            collector.backward(value);
        }
        float[] gradient = logits.getGradient().toType(DataType.FLOAT32, false).toFloatArray();
        assertArrayEquals(new float[] {0.25f, -0.25f}, gradient, 1e-3f);
    }

    @Test
    void garbageCollectionBetweenLossAndBackward_doesNotTouchTheGradient() {
        // The gradient is (softmax − onehot) / tokens = (1/4, −1/4) / 2, in each of two rows.
        float[] expected = {0.125f, -0.125f, 0.125f, -0.125f};
        List<ByteBuffer> garbage = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            NDArray logits = manager.create(new float[] {0, LN3, 0, LN3}, new Shape(1, 2, 2));
            logits.setRequiresGradient(true);
            try (GradientCollector collector = manager.getEngine().newGradientCollector()) {
                NDArray value = loss.evaluate(new NDList(ids(0, 1, 1)), new NDList(logits)); // ()
                System.gc();
                for (int j = 0; j < 1000; j++) { // takes the memory of what was freed
                    garbage.add(ByteBuffer.allocateDirect(4).putFloat(0, 1e30f));
                }
                collector.backward(value);
            }
            assertArrayEquals(expected, logits.getGradient().toFloatArray(), 1e-6f);
        }
        assertEquals(10_000, garbage.size());
    }

    private double evaluate(NDArray labels, NDArray logits) {
        return loss.evaluate(new NDList(labels), new NDList(logits)).getFloat();
    }

    private NDArray ids(long... row) {
        return manager.create(row, new Shape(1, row.length)); // (1, T)
    }
}
