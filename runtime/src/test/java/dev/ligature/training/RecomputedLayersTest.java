package dev.ligature.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Parameter;
import ai.djl.nn.norm.Dropout;
import ai.djl.training.ParameterStore;
import ai.djl.training.loss.Loss;
import ai.djl.util.PairList;
import dev.ligature.LoraException;
import dev.ligature.ops.LayeredModel;
import dev.ligature.ops.ModelPass;
import dev.ligature.ops.OperatorLookup;
import dev.ligature.training.TrainingConfig.OptimizerKind;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Layers that are computed again on the way back give what layers that are computed once give. */
final class RecomputedLayersTest {
    private static final TrainingMemory AGAIN = TrainingMemory.DEFAULT.withRecomputedLayers();

    private final NDManager manager = NDManager.newBaseManager();

    @AfterEach
    void close() {
        manager.close();
    }

    /** Layers w · dropout(tanh or x), the first input times a weight of its own. */
    private static final class Layers extends AbstractBlock implements LayeredModel {
        private final float dropout;
        private final List<Parameter> weights = new ArrayList<>();
        private final List<Integer> computed = new ArrayList<>();

        @SuppressWarnings("this-escape") // addParameter is how DJL blocks are built
        Layers(NDManager manager, float dropout) {
            super((byte) 1);
            this.dropout = dropout;
            for (int i = 0; i < 4; i++) {
                Parameter weight =
                        addParameter(
                                Parameter.builder()
                                        .setName("w" + i)
                                        .setType(Parameter.Type.WEIGHT)
                                        .build());
                weight.setArray(manager.full(new Shape(8), 1 + 0.1f * i, DataType.FLOAT32));
                weight.getArray().setRequiresGradient(true);
                weights.add(weight);
            }
        }

        @Override
        protected NDList forwardInternal(
                ParameterStore store,
                NDList inputs,
                boolean training,
                PairList<String, Object> params) {
            NDArray x = inputs.head().mul(weight(0, inputs.head(), store, training)); // (B, 8)
            ModelPass twice = OperatorLookup.recomputing(store);
            for (int i = 1; i < weights.size(); i++) {
                int layer = i;
                UnaryOperator<NDArray> compute = in -> layer(layer, in, store, training);
                x = twice == null ? compute.apply(x) : twice.layer(x, compute);
            }
            return new NDList(x);
        }

        private NDArray layer(int i, NDArray x, ParameterStore store, boolean training) {
            computed.add(i);
            NDArray in = dropout == 0 ? x.tanh() : Dropout.dropout(x, dropout, training).head();
            return in.mul(weight(i, x, store, training));
        }

        private NDArray weight(int i, NDArray x, ParameterStore store, boolean training) {
            return store.getValue(weights.get(i), x.getDevice(), training);
        }

        float[] values() {
            float[] values = new float[weights.size() * 8];
            for (int i = 0; i < weights.size(); i++) {
                float[] of = weights.get(i).getArray().toFloatArray();
                System.arraycopy(of, 0, values, 8 * i, 8);
            }
            return values;
        }

        @Override
        public Shape[] getOutputShapes(Shape[] inputShapes) {
            return inputShapes;
        }
    }

    /** The mean of the outputs. */
    private static final class Mean extends Loss {
        Mean() {
            super("mean");
        }

        @Override
        public NDArray evaluate(NDList labels, NDList predictions) {
            return predictions.head().mean();
        }
    }

    private TrainingBatch batch() {
        NDArray x = manager.arange(1f, 41f, 1f).reshape(5, 8).div(manager.full(new Shape(), 40f));
        return TrainingBatch.of(new NDList(x), new NDList(), new Mean());
    }

    private static TrainingConfig config(TrainingMemory memory) {
        return TrainingConfig.builder()
                .optOptimizer(OptimizerKind.SGD)
                .optLearningRate(0.5)
                .optMemory(memory)
                .build();
    }

    @Test
    void theWeightsAreTheSame_andEachLayerIsComputedTwice() {
        Layers once = new Layers(manager, 0);
        Layers again = new Layers(manager, 0);
        for (Layers each : List.of(once, again)) {
            TrainingConfig config = config(each == once ? TrainingMemory.DEFAULT : AGAIN);
            try (TrainingLoop loop = TrainingLoop.over(each, manager, config)) {
                loop.step(batch(), batch());
                loop.step(batch());
            }
        }
        assertArrayEquals(once.values(), again.values(), 1e-6f);
        assertEquals(List.of(1, 2, 3, 3, 2, 1), again.computed.subList(0, 6));
        assertEquals(2 * once.computed.size(), again.computed.size());
    }

    @Test
    void whatIsDroppedOut_isTheSameBothTimes() {
        Layers layers = new Layers(manager, 0.5f);
        TrainingConfig config = config(AGAIN);
        for (int step = 0; step < 5; step++) {
            float[] before = layers.values();
            double loss;
            try (TrainingLoop loop = TrainingLoop.over(layers, manager, config)) {
                loss = loop.step(batch()).loss();
            }
            float[] after = layers.values();
            assertTrue(loss != 0);
            for (int layer = 0; layer < 4; layer++) {
                double product = 0; // w · dL/dw, which is L: each w is a factor of it
                for (int i = 8 * layer; i < 8 * layer + 8; i++) {
                    product += before[i] * (before[i] - after[i]) / 0.5;
                }
                assertEquals(loss, product, 1e-4 * Math.abs(loss), "layer " + layer);
            }
        }
    }

    @Test
    void manySteps_leaveAsManyArraysAsTheFirst() {
        Layers layers = new Layers(manager, 0.5f);
        TrainingBatch batch = batch();
        try (TrainingLoop loop = TrainingLoop.over(layers, manager, config(AGAIN))) {
            loop.step(batch);
            int arrays = LiveArrays.inProcess();
            int resources = LiveArrays.directlyUnder(manager);
            for (int i = 0; i < 20; i++) {
                loop.step(batch);
                loop.evaluate(batch);
            }
            assertEquals(arrays, LiveArrays.inProcess());
            assertEquals(resources, LiveArrays.directlyUnder(manager));
        }
    }

    @Test
    void aBlockThatCannot_isRefusedByName() {
        EmbeddingAndHead model = new EmbeddingAndHead(manager, 7, 4);
        LoraException error =
                assertThrows(
                        LoraException.class,
                        () -> TrainingLoop.over(model, manager, config(AGAIN)));
        assertEquals("TrainLayers", error.code());
        assertTrue(error.getMessage().contains("of EmbeddingAndHead cannot"), error.getMessage());
    }
}
