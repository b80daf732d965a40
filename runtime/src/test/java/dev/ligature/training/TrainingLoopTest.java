package dev.ligature.training;

import static dev.ligature.training.TorchCase.assertNear;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import dev.ligature.LoraException;
import dev.ligature.training.TrainingConfig.OptimizerKind;
import dev.ligature.training.schedule.LearningRateSchedule;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** What the loop promises beside torch's numbers. */
final class TrainingLoopTest {
    private static final int VOCABULARY = 11;

    private final NDManager manager = NDManager.newBaseManager();

    @AfterEach
    void close() {
        manager.close();
    }

    @Test
    void threeHundredSteps_leaveAsManyArraysAsTheFirst() {
        EmbeddingAndHead model = model(1);
        int[] calls = {0};
        model.inForward(
                () -> {
                    if (calls[0]++ % 30 == 0) {
                        System.gc();
                    }
                });
        BatchSampler sampler = new BatchSampler(TokenWindows.of(tokens(500), 9), 4, 1);
        TrainingConfig config =
                TrainingConfig.builder().optMaxGradNorm(1).optAccumulationSteps(2).build();
        NDArray held = batch(manager, 3, 7);
        try (TrainingLoop loop = TrainingLoop.over(model, manager, config)) {
            loop.step(sampler);
            double before = loop.evaluate(List.of(held));
            int arrays = LiveArrays.inProcess();
            int resources = LiveArrays.directlyUnder(manager);
            double after = before;
            for (int i = 0; i < 300; i++) {
                loop.step(sampler);
                after = loop.evaluate(List.of(held));
            }
            assertEquals(arrays, LiveArrays.inProcess());
            assertEquals(resources, LiveArrays.directlyUnder(manager));
            assertTrue(after < before, before + " -> " + after);
        }
    }

    @Test
    void aClosedLoop_leavesTheModelAndNothingElse() {
        EmbeddingAndHead model = model(1);
        int arrays = LiveArrays.inProcess();
        int resources = LiveArrays.directlyUnder(manager);
        try (NDManager data = manager.newSubManager();
                TrainingLoop loop = TrainingLoop.over(model, manager, plain())) {
            loop.step(batch(data, 2, 5));
        }
        assertEquals(arrays, LiveArrays.inProcess());
        assertEquals(resources, LiveArrays.directlyUnder(manager));
        assertEquals(VOCABULARY * 4, model.head.getArray().toFloatArray().length);
    }

    @Test
    void garbageCollectionBeforeBackward_doesNotTouchTheNumbers() {
        TorchCase torch = TorchCase.read("ignored-labels");
        EmbeddingAndHead model = torch.model(manager);
        model.inForward(System::gc);
        List<List<TokenBatch>> steps = torch.steps(manager);
        try (TrainingLoop loop = TrainingLoop.over(model, manager, torch.config())) {
            for (int i = 0; i < steps.size(); i++) {
                StepMetrics metrics = loop.step(steps.get(i));
                assertNear(torch.numbers("losses")[i], metrics.loss(), "loss");
                assertNear(torch.numbers("grad_norms")[i], metrics.gradNorm(), "norm");
            }
        }
        assertNear(torch.finalWeight("head"), model.head.getArray(), "head");
    }

    @Test
    void aStepWhoseGradientsAreAllZero_onlyDecays() {
        // With one token in the vocabulary the loss is 0 whatever the weights are.
        EmbeddingAndHead model =
                new EmbeddingAndHead(
                        manager.create(new float[] {2, -4}, new Shape(1, 2)),
                        manager.create(new float[] {8, 16}, new Shape(1, 2)));
        TrainingConfig config =
                TrainingConfig.builder().optLearningRate(0.5).optWeightDecay(0.5).build();
        try (TrainingLoop loop = TrainingLoop.over(model, manager, config)) {
            StepMetrics metrics =
                    loop.step(manager.zeros(new Shape(2, 3), DataType.INT64)); // (B, T)
            assertEquals(0, metrics.gradNorm());
            assertEquals(0, metrics.loss());
        }
        assertArrayEquals(new float[] {1.5f, -3}, model.embedding.getArray().toFloatArray());
        assertArrayEquals(new float[] {6, 12}, model.head.getArray().toFloatArray());
    }

    @Test
    void gradientsThatAreNotFinite_areAnError_andLeaveNoTrace() {
        EmbeddingAndHead model = model(2);
        model.embedding.freeze(true);
        NDArray row = model.embedding.getArray().get(3); // (d), a view of token 3's row
        row.subi(row).divi(row.duplicate()); // 0 / 0
        float[] before = model.head.getArray().toFloatArray();
        try (TrainingLoop loop = TrainingLoop.over(model, manager, plain())) {
            LoraException error =
                    assertThrows(LoraException.class, () -> loop.step(ids(1, 2, 3, 4)));
            assertEquals("TrainDiverged", error.code());
            assertTrue(
                    error.getMessage().contains("step 1 is NaN, because parameter embedding has"),
                    error.getMessage());
            assertArrayEquals(before, model.head.getArray().toFloatArray());
            assertSameAsFreshLoop(loop, model, before);
        }
    }

    @Test
    void aBatchThatFailsHalfWay_leavesNoTrace() {
        EmbeddingAndHead model = model(3);
        float[] before = model.head.getArray().toFloatArray();
        try (TrainingLoop loop = TrainingLoop.over(model, manager, plain())) {
            NDArray good = ids(1, 2, 5, 4);
            NDArray bad = ids(1, 2, 400, 4);
            assertThrows(EngineException.class, () -> loop.step(good, bad));
            assertArrayEquals(before, model.head.getArray().toFloatArray());
            assertSameAsFreshLoop(loop, model, before);
        }
    }

    @Test
    void gradientsLeftByOthers_areDroppedAtTheStart() {
        EmbeddingAndHead model = model(4);
        float[] before = model.head.getArray().toFloatArray();
        try (GradientCollector collector = manager.getEngine().newGradientCollector()) {
            collector.backward(model.head.getArray().square().sum());
        }
        try (TrainingLoop loop = TrainingLoop.over(model, manager, plain())) {
            assertSameAsFreshLoop(loop, model, before);
        }
    }

    @Test
    void loopsInSeveralThreads_trainAsOneAfterTheOther() throws Exception {
        List<float[]> alone = new ArrayList<>();
        for (int seed = 0; seed < 3; seed++) {
            alone.add(trainedHead(seed));
        }
        ExecutorService threads = Executors.newFixedThreadPool(3);
        try {
            List<Future<float[]>> together = new ArrayList<>();
            for (int seed = 0; seed < 3; seed++) {
                int one = seed;
                together.add(threads.submit(() -> trainedHead(one)));
            }
            for (int seed = 0; seed < 3; seed++) {
                assertArrayEquals(alone.get(seed), together.get(seed).get());
            }
        } catch (ExecutionException e) {
            throw new AssertionError(e.getCause());
        } finally {
            threads.shutdown();
            assertTrue(threads.awaitTermination(10, TimeUnit.SECONDS));
        }
    }

    @Test
    void anotherGradientCollector_isAnErrorThatSaysSo() {
        EmbeddingAndHead model = model(5);
        NDArray ids = ids(1, 2, 3, 4);
        try (TrainingLoop loop = TrainingLoop.over(model, manager, plain())) {
            try (GradientCollector other = manager.getEngine().newGradientCollector()) {
                LoraException error = assertThrows(LoraException.class, () -> loop.step(ids));
                assertEquals("TrainCollecting", error.code());
                other.zeroGradients();
            }
            assertEquals(1, loop.step(ids).step());
        }
    }

    @Test
    void evaluating_isTheMeanOverAllTokens_andChangesNothing() {
        TorchCase torch = TorchCase.read("accumulation-uneven");
        EmbeddingAndHead model = torch.model(manager);
        float[] before = model.head.getArray().toFloatArray();
        List<NDArray> batches = torch.steps(manager).get(0).stream().map(TokenBatch::ids).toList();
        try (TrainingLoop loop = TrainingLoop.over(model, manager, torch.config())) {
            assertNear(torch.numbers("losses")[0], loop.evaluate(batches), "loss before training");
            assertArrayEquals(before, model.head.getArray().toFloatArray());
            assertNear(
                    torch.numbers("losses")[0],
                    loop.step(batches.toArray(NDArray[]::new)).loss(),
                    "loss of the step");
            assertThrows(LoraException.class, () -> loop.evaluate(List.of()));
        }
    }

    @Test
    void aFrozenParameter_staysAsItIs() {
        EmbeddingAndHead model = model(6);
        model.embedding.freeze(true);
        float[] embedding = model.embedding.getArray().toFloatArray();
        float[] head = model.head.getArray().toFloatArray();
        try (TrainingLoop loop = TrainingLoop.over(model, manager, plain())) {
            loop.step(ids(1, 2, 3, 4));
        }
        assertArrayEquals(embedding, model.embedding.getArray().toFloatArray());
        assertTrue(head[0] != model.head.getArray().toFloatArray()[0]);
    }

    @Test
    void theStateOfTheOptimizer_canBeRead_andEndsWithTheLoop() {
        EmbeddingAndHead model = model(7);
        AdamW optimizer;
        AdamW.State state;
        try (TrainingLoop loop = TrainingLoop.over(model, manager, plain())) {
            optimizer = (AdamW) loop.optimizer();
            assertTrue(optimizer.state(model.head.getId()).isEmpty());
            loop.step(ids(1, 2, 3, 4));
            loop.step(ids(1, 2, 3, 4));
            state = optimizer.state(model.head.getId()).orElseThrow();
            assertEquals(2, state.steps());
            assertEquals(model.head.getShape(), state.mean().getShape());
            assertTrue(state.variance().sum().getFloat() > 0);
        }
        assertThrows(IllegalStateException.class, () -> state.mean().sum());
    }

    @Test
    void theStepsOfASchedule_countFromOne() {
        EmbeddingAndHead model = model(8);
        TrainingConfig config =
                TrainingConfig.builder()
                        .optOptimizer(OptimizerKind.SGD)
                        .optSchedule(LearningRateSchedule.constant(0.5, 2))
                        .build();
        try (TrainingLoop loop = TrainingLoop.over(model, manager, config)) {
            assertEquals(0.25, loop.step(ids(1, 2, 3)).learningRate());
            assertEquals(0.5, loop.step(ids(1, 2, 3)).learningRate());
            StepMetrics third = loop.step(ids(1, 2, 3));
            assertEquals(0.5, third.learningRate());
            assertEquals(3, third.step());
            assertTrue(third.tokensPerSecond() > 0);
        }
    }

    @Test
    void wrongBatchesAndBlocks_areErrorsWithACode() {
        EmbeddingAndHead model = model(9);
        try (TrainingLoop loop = TrainingLoop.over(model, manager, plain())) {
            assertCode("TrainBatchShape", () -> loop.step(manager.create(new long[] {1, 2, 3})));
            assertCode("TrainBatchShape", () -> loop.step(ids(1)));
            assertCode("TrainBatchShape", () -> loop.step(manager.ones(new Shape(2, 3))));
            assertCode(
                    "TrainLabelShape",
                    () -> loop.step(List.of(new TokenBatch(ids(1, 2, 3), ids(1, 2)))));
            assertCode(
                    "TrainNoTokens",
                    () -> loop.step(List.of(new TokenBatch(ids(1, 2, 3), ids(1, -100, -100)))));
            assertCode("TrainNoTokens", () -> loop.step(new NDArray[0]));
            assertEquals(1, loop.step(ids(1, 2)).step(), "failed steps do not count");
        }
        model.embedding.freeze(true);
        model.head.freeze(true);
        assertCode("TrainNothing", () -> TrainingLoop.over(model, manager, plain()));
        model.head.freeze(false);
        model.head.close();
        assertCode("TrainNotInitialized", () -> TrainingLoop.over(model, manager, plain()));
    }

    @Test
    void parametersOnAnotherDeviceThanTheLoop_areNamedWithBoth() {
        EmbeddingAndHead model = model(9);
        LoraException error =
                assertThrows(LoraException.class, () -> LoopState.trainable(model, Device.gpu(1)));
        assertEquals(
                "[TrainDevice] Parameter embedding is on cpu() and the loop's manager on gpu(1)."
                        + " Give the loop a manager of the parameters' device.",
                error.getMessage());
    }

    @Test
    void wrongSizesOfWindowsBatchesAndSchedules_areNamedWithTheirValues() {
        long[] tokens = {1, 2, 3};
        assertMessage(
                "[TrainTooFewTokens] Windows of 4 tokens cannot be cut from a stream of 3. Give"
                        + " more text, or a sequence length from 2 up to that.",
                () -> TokenWindows.of(tokens, 4));
        assertCode("TrainTooFewTokens", () -> TokenWindows.of(tokens, 1));
        TokenWindows windows = TokenWindows.of(tokens, 2);
        assertMessage(
                "[TrainBatchSize] The batch size is 0. Give at least one row.",
                () -> new BatchSampler(windows, 0, 1));
        assertMessage(
                "[TrainSchedule] A cosine schedule of 5 steps has no steps left after a warm-up of"
                        + " 5. Make the warm-up shorter than the whole.",
                () -> LearningRateSchedule.cosine(0.1, 5, 5, 0));
    }

    private static void assertMessage(String message, Executable action) {
        assertEquals(message, assertThrows(LoraException.class, action).getMessage());
    }

    private static void assertCode(String code, Executable action) {
        assertEquals(code, assertThrows(LoraException.class, action).code());
    }

    /** Steps the loop, and a loop over a model that starts from the given head; both end equal. */
    private void assertSameAsFreshLoop(TrainingLoop loop, EmbeddingAndHead model, float[] head) {
        EmbeddingAndHead twin =
                new EmbeddingAndHead(
                        model.embedding.getArray().stopGradient().duplicate(),
                        manager.create(head, model.head.getShape()));
        twin.embedding.freeze(!model.embedding.requiresGradient());
        try (TrainingLoop fresh = TrainingLoop.over(twin, manager, plain())) {
            StepMetrics expected = fresh.step(ids(1, 2, 5, 4));
            StepMetrics actual = loop.step(ids(1, 2, 5, 4));
            assertEquals(expected.step(), actual.step());
            assertEquals(expected.loss(), actual.loss());
            assertEquals(expected.gradNorm(), actual.gradNorm());
        }
        assertArrayEquals(
                twin.head.getArray().toFloatArray(), model.head.getArray().toFloatArray());
    }

    private static float[] trainedHead(int seed) {
        try (NDManager own = NDManager.newBaseManager()) {
            EmbeddingAndHead model = model(own, seed);
            BatchSampler sampler = new BatchSampler(TokenWindows.of(tokens(300), 9), 4, seed);
            try (TrainingLoop loop = TrainingLoop.over(model, own, plain())) {
                for (int i = 0; i < 20; i++) {
                    loop.step(sampler);
                }
            }
            return model.head.getArray().toFloatArray();
        }
    }

    private static TrainingConfig plain() {
        return TrainingConfig.builder().optLearningRate(0.05).build();
    }

    private EmbeddingAndHead model(int seed) {
        return model(manager, seed);
    }

    private static EmbeddingAndHead model(NDManager manager, int seed) {
        Random random = new Random(seed);
        float[] values = new float[VOCABULARY * 4];
        NDArray[] weights = new NDArray[2];
        for (int i = 0; i < 2; i++) {
            for (int j = 0; j < values.length; j++) {
                values[j] = (float) random.nextGaussian();
            }
            weights[i] = manager.create(values, new Shape(VOCABULARY, 4));
        }
        return new EmbeddingAndHead(weights[0], weights[1]);
    }

    private NDArray ids(long... row) {
        return manager.create(row, new Shape(1, row.length)); // (1, T)
    }

    private static NDArray batch(NDManager manager, int rows, int length) {
        return manager.create(tokens(rows * length), new Shape(rows, length));
    }

    private static long[] tokens(int count) {
        return new Random(99).longs(count, 0, VOCABULARY).toArray();
    }
}
