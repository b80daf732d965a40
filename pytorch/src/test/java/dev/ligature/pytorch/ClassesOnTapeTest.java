package dev.ligature.pytorch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.ops.OperatorLookup;
import dev.ligature.training.TrainingBatch;
import dev.ligature.training.TrainingConfig;
import dev.ligature.training.TrainingLoop;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Token ids, and the same as inputs and classes, are one training: the tape computes both. */
final class ClassesOnTapeTest {
    private static final int CLASSES = 8;

    private final NDManager manager = NDManager.newBaseManager();

    @AfterEach
    void close() {
        manager.close();
    }

    /** Logits of the token after each, from that token alone. */
    private static final class Bigrams extends AbstractBlock {
        private final Parameter weight =
                addParameter(
                        Parameter.builder()
                                .setName("weight")
                                .setType(Parameter.Type.WEIGHT)
                                .build());
        private final NDArray frozen;

        Bigrams(NDManager manager) {
            frozen = new TestArrays(manager, 2, DataType.FLOAT32).of(CLASSES, CLASSES);
            weight.setArray(new TestArrays(manager, 1, DataType.FLOAT32).of(CLASSES, CLASSES));
            weight.getArray().setRequiresGradient(true);
        }

        @Override
        protected NDList forwardInternal(
                ParameterStore store,
                NDList inputs,
                boolean training,
                PairList<String, Object> params) {
            NDArray x = inputs.head().oneHot(CLASSES); // (B, T, C)
            NDArray h = x.matMul(store.getValue(weight, x.getDevice(), training));
            return new NDList(
                    OperatorLookup.of(store, h, training).linear(h, frozen, null)); // (B, T, C)
        }

        @Override
        public Shape[] getOutputShapes(Shape[] inputShapes) {
            return new Shape[] {inputShapes[0].add(CLASSES)};
        }
    }

    @Test
    void tokenIds_areTrainedAsClasses_bitForBit() {
        long[] ids = new long[3 * 9];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = (5L * i + i / 4) % CLASSES;
        }
        NDArray batch = manager.create(ids, new Shape(3, 9));
        TrainingBatch classes =
                TrainingBatch.classes(
                        new NDList(batch.get(new NDIndex(":, :-1"))),
                        batch.get(new NDIndex(":, 1:")));
        float[] ofIds = trained(loop -> loop.step(batch).loss());
        float[] ofClasses = trained(loop -> loop.step(classes).loss());
        assertArrayEquals(ofIds, ofClasses);
    }

    /** Returns the losses of steps, and the weights after them. */
    private float[] trained(ToDoubleFunction<TrainingLoop> step) {
        Bigrams block = new Bigrams(manager);
        float[] found = new float[5 + CLASSES * CLASSES];
        TrainingConfig config = TrainingConfig.builder().optLearningRate(0.1f).build();
        try (TrainingLoop loop = TrainingLoop.over(block, manager, config)) {
            for (int i = 0; i < 5; i++) {
                found[i] = (float) step.applyAsDouble(loop);
            }
            assertEquals(5, loop.steps());
        }
        float[] weights = block.weight.getArray().toFloatArray();
        System.arraycopy(weights, 0, found, 5, weights.length);
        return found;
    }
}
