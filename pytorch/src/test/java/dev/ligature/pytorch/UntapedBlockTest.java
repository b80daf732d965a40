package dev.ligature.pytorch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.training.loss.Loss;
import ai.djl.util.PairList;
import dev.ligature.ops.GradientTape;
import dev.ligature.ops.OperatorLookup;
import dev.ligature.ops.Operators;
import dev.ligature.training.TrainingBatch;
import dev.ligature.training.TrainingConfig;
import dev.ligature.training.TrainingLoop;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A block that overwrites what an operator gave it is trained without a tape. */
final class UntapedBlockTest {
    private final NDManager manager = NDManager.newBaseManager();

    @AfterEach
    void close() {
        manager.close();
    }

    /** x W² + x W, with the last sum in place or not. */
    private static final class Squared extends AbstractBlock {
        private final boolean inPlace;
        private final Parameter weight =
                addParameter(
                        Parameter.builder()
                                .setName("weight")
                                .setType(Parameter.Type.WEIGHT)
                                .build());
        private final List<Boolean> taped = new ArrayList<>();
        private final NDArray frozen;

        Squared(NDManager manager, boolean inPlace) {
            this.inPlace = inPlace;
            this.frozen = new TestArrays(manager, 2, DataType.FLOAT32).of(8, 8);
            weight.setArray(new TestArrays(manager, 1, DataType.FLOAT32).of(8, 8));
            weight.getArray().setRequiresGradient(true);
        }

        @Override
        protected NDList forwardInternal(
                ParameterStore store,
                NDList inputs,
                boolean training,
                PairList<String, Object> params) {
            NDArray x = inputs.head();
            Operators operators = OperatorLookup.of(store, x, training);
            taped.add(operators instanceof GradientTape);
            NDArray own = store.getValue(weight, x.getDevice(), training);
            NDArray h = x.matMul(own);
            NDArray y = operators.linear(h, frozen, null);
            return new NDList(inPlace ? y.addi(h) : y.add(h));
        }

        @Override
        public Shape[] getOutputShapes(Shape[] inputShapes) {
            return inputShapes;
        }
    }

    @Test
    void theLoop_takesDjlsOperators_andTheNumbersAreTheSame() {
        Squared inPlace = new Squared(manager, true);
        Squared copying = new Squared(manager, false);
        try (GradientTape tape = OperatorLookup.engine(manager).record(manager)) {
            assertNotNull(tape);
        }
        PrintStream before = System.err;
        ByteArrayOutputStream log = new ByteArrayOutputStream();
        float[] numbers;
        System.setErr(new PrintStream(log, true, StandardCharsets.UTF_8));
        try {
            numbers = trained(inPlace);
        } finally {
            System.setErr(before);
        }
        assertArrayEquals(trained(copying), numbers, 1e-6f);
        String logged = log.toString(StandardCharsets.UTF_8);
        assertEquals(2, logged.split("\\[TrainUntaped]", -1).length, logged);
        assertEquals(List.of(true, true, true), copying.taped);
        assertEquals(List.of(true, false, false, false), inPlace.taped);
    }

    private float[] trained(Squared block) {
        TestArrays arrays = new TestArrays(manager, 4, DataType.FLOAT32);
        TrainingConfig config = TrainingConfig.builder().optLearningRate(0.01f).build();
        try (TrainingLoop loop = TrainingLoop.over(block, manager, config)) {
            for (int i = 0; i < 3; i++) {
                loop.step(
                        TrainingBatch.of(
                                new NDList(arrays.of(12, 8)),
                                new NDList(arrays.of(12, 8)),
                                Loss.l2Loss()));
            }
        }
        return block.weight.getArray().toFloatArray();
    }
}
