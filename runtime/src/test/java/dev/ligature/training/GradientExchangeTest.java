package dev.ligature.training;

import static dev.ligature.training.TorchCase.assertNear;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.ligature.LoraException;
import dev.ligature.internal.loss.GradientSum;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Gradients that are computed elsewhere, and their sum. */
final class GradientExchangeTest {
    private static final TrainingConfig CONFIG =
            TrainingConfig.builder().optLearningRate(0.05).optMaxGradNorm(0.5).optSeed(3).build();

    private final NDManager manager = NDManager.newBaseManager();

    @AfterEach
    void close() {
        manager.close();
    }

    private EmbeddingAndHead model() {
        float[] embedding = new float[11 * 4];
        float[] head = new float[11 * 4];
        for (int i = 0; i < head.length; i++) {
            embedding[i] = (float) Math.sin(i);
            head[i] = (float) Math.cos(i);
        }
        Shape shape = new Shape(11, 4);
        return new EmbeddingAndHead(manager.create(embedding, shape), manager.create(head, shape));
    }

    private NDArray ids(int step, int rows, int length) {
        long[] ids = new long[rows * length];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = (i * (step + 3L) + (long) step * rows) % 11;
        }
        return manager.create(ids, new Shape(rows, length));
    }

    private NDArray[] batches(int step) {
        return new NDArray[] {ids(step, 2, 5), ids(step + 1, 1, 9), ids(step + 2, 3, 4)};
    }

    /** Computes over a copy of the model that knows what bytes bring alone. */
    private GradientExchange over(GradientExchange.Local copy, List<Integer> seeds) {
        return step -> {
            Map<String, byte[]> sent = new HashMap<>();
            step.parameters().forEach((name, value) -> sent.put(name, value.encode()));
            for (List<GradientExchange.MicroBatch> part : step.parts()) {
                List<byte[]> inputs = new ArrayList<>();
                List<byte[]> labels = new ArrayList<>();
                for (GradientExchange.MicroBatch micro : part) {
                    inputs.add(micro.inputs().encode());
                    labels.add(micro.labels().encode());
                }
                try (NDManager there = manager.newSubManager()) {
                    Map<String, NDArray> parameters = new HashMap<>();
                    sent.forEach(
                            (name, bytes) -> parameters.put(name, NDArray.decode(there, bytes)));
                    List<TrainingBatch> batches = new ArrayList<>();
                    for (int i = 0; i < part.size(); i++) {
                        batches.add(
                                TrainingBatch.classes(
                                        NDList.decode(there, inputs.get(i)),
                                        NDList.decode(there, labels.get(i)).head()));
                    }
                    List<Integer> own =
                            part.stream().map(GradientExchange.MicroBatch::seed).toList();
                    seeds.addAll(own);
                    GradientExchange.Local.Result result =
                            copy.compute(parameters, batches, own, there);
                    step.add(result.gradients(), result.items(), result.loss());
                }
            }
        };
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 9})
    void stepsWithGradientsOfACopy_areThoseOfALoopThatComputesThemItself_bitForBit(int parts) {
        TrainingConfig config =
                TrainingConfig.builder()
                        .optLearningRate(0.05)
                        .optMaxGradNorm(0.5)
                        .optSeed(3)
                        .optPartitions(parts)
                        .build();
        EmbeddingAndHead here = model();
        EmbeddingAndHead there = model();
        EmbeddingAndHead copied = model();
        List<Integer> seeds = new ArrayList<>();
        try (TrainingLoop own = TrainingLoop.over(here, manager, config);
                GradientExchange.Local copy =
                        GradientExchange.Local.over(copied, manager, TrainingMemory.DEFAULT);
                TrainingLoop sent = TrainingLoop.over(there, manager, config, over(copy, seeds))) {
            for (int i = 0; i < 10; i++) {
                StepMetrics expected = own.step(batches(i));
                StepMetrics actual = sent.step(batches(i));
                assertEquals(expected.loss(), actual.loss(), "step " + i);
                assertEquals(expected.gradNorm(), actual.gradNorm(), "step " + i);
            }
        }
        assertArrayEquals(
                here.embedding.getArray().toFloatArray(),
                there.embedding.getArray().toFloatArray());
        assertArrayEquals(
                here.head.getArray().toFloatArray(), there.head.getArray().toFloatArray());
        assertEquals(30, seeds.stream().distinct().count(), "each batch draws for itself");
    }

    @Test
    void stepsWithGradientsOfACopy_haveTorchsNumbers() {
        TorchCase torch = TorchCase.read("accumulation-uneven");
        EmbeddingAndHead model = torch.model(manager);
        EmbeddingAndHead copied = torch.model(manager);
        List<List<TokenBatch>> steps = torch.steps(manager);
        try (GradientExchange.Local copy =
                        GradientExchange.Local.over(copied, manager, TrainingMemory.DEFAULT);
                TrainingLoop loop =
                        TrainingLoop.over(
                                model, manager, torch.config(), over(copy, new ArrayList<>()))) {
            for (int i = 0; i < steps.size(); i++) {
                StepMetrics metrics = loop.step(steps.get(i));
                assertNear(torch.numbers("losses")[i], metrics.loss(), "loss");
                assertNear(torch.numbers("grad_norms")[i], metrics.gradNorm(), "norm");
            }
        }
        assertNear(torch.finalWeight("head"), model.head.getArray(), "head");
        assertNear(torch.finalWeight("embedding"), model.embedding.getArray(), "embedding");
    }

    @Test
    void theParts_haveTheBatchesInTheirOrder_andDifferByOneAtMost() {
        List<List<Long>> seen = new ArrayList<>();
        TrainingConfig config = TrainingConfig.builder().optPartitions(3).build();
        try (TrainingLoop loop =
                TrainingLoop.over(
                        model(),
                        manager,
                        config,
                        step ->
                                step.parts()
                                        .forEach(
                                                part ->
                                                        seen.add(
                                                                part.stream()
                                                                        .map(b -> b.count())
                                                                        .toList())))) {
            NDArray[] batches = new NDArray[5];
            for (int i = 0; i < batches.length; i++) {
                batches[i] = ids(i, 1, i + 2); // of i + 1 items
            }
            assertThrows(LoraException.class, () -> loop.step(batches));
        }
        assertEquals(List.of(List.of(1L), List.of(2L, 3L), List.of(4L, 5L)), seen);
    }

    @Test
    void theSum_isOfFp64_andRoundedOnce() {
        float tiny = Math.scalb(1f, -25); // 1 + tiny is 1 in fp32
        try (GradientSum sum = new GradientSum(manager)) {
            sum.add(new NDList(manager.create(new float[] {1, 0.1f})), 1, 4);
            sum.add(new NDList(manager.create(new float[] {tiny, 0.1f})), 4, 2);
            sum.add(new NDList(manager.create(new float[] {-1, 0.7f})), 1, 6);
            NDArray mean = manager.create(new float[] {9, 9});

            sum.writeTo(new NDList(mean));

            float[] expected = {(float) (4.0 * tiny / 6), (float) ((0.1f + 4.0 * 0.1f + 0.7f) / 6)};
            assertArrayEquals(expected, mean.toFloatArray());
            assertEquals(3, sum.loss()); // (4 + 2 · 4 + 6) / 6
            assertEquals(6, sum.items());
        }
    }

    @Test
    void theSumOfOneBatch_isItsOwnGradient_whateverTheNumberOfItems() {
        for (long items : new long[] {1, 3, 7, 1021, 16_777_259}) {
            float[] values = {0.1f, -1e-30f, Float.MAX_VALUE, Float.MIN_NORMAL, Float.MIN_VALUE};
            NDArray mean = manager.create(new float[values.length]);
            try (GradientSum sum = new GradientSum(manager)) {
                sum.add(new NDList(manager.create(values)), items, 1);
                sum.writeTo(new NDList(mean));
            }
            assertArrayEquals(values, mean.toFloatArray(), items + " items");
        }
    }

    @Test
    void anExchangeThatForgetsSomething_isAnError_andChangesNothing() {
        EmbeddingAndHead model = model();
        float[] before = model.head.getArray().toFloatArray();

        LoraException batch = fails(model, step -> {});
        LoraException parameter =
                fails(model, step -> step.add(new NDList(step.scope().ones(new Shape(1))), 8, 1));

        assertEquals("TrainExchange", batch.code());
        assertTrue(batch.getMessage().contains("of 0 items, not all 25 items"), batch.getMessage());
        assertEquals("TrainExchange", parameter.code());
        assertTrue(
                parameter.getMessage().contains("step 1 gave 1 gradients for 2 parameters"),
                parameter.getMessage());
        assertArrayEquals(before, model.head.getArray().toFloatArray());
    }

    private LoraException fails(EmbeddingAndHead model, GradientExchange exchange) {
        try (TrainingLoop loop = TrainingLoop.over(model, manager, CONFIG, exchange)) {
            return assertThrows(LoraException.class, () -> loop.step(batches(1)));
        }
    }

    @Test
    void aCopyOfAnotherModel_isRefused() {
        EmbeddingAndHead model = model();
        try (GradientExchange.Local copy =
                GradientExchange.Local.over(model, manager, TrainingMemory.DEFAULT)) {
            TrainingBatch batch = TrainingBatch.classes(new NDList(ids(1, 1, 3)), ids(2, 1, 3));
            Map<String, NDArray> values = new HashMap<>();
            values.put("embedding", manager.zeros(new Shape(11, 4)));
            values.put("head", manager.zeros(new Shape(11, 4)));
            values.put("other", manager.zeros(new Shape(1)));
            assertRefused(copy, values, batch, "other");
            values.remove("other");
            values.put("head", manager.zeros(new Shape(4, 11)));
            assertRefused(copy, values, batch, "(4, 11), not (11, 4)");
            values.remove("head");
            assertRefused(copy, values, batch, "head");
        }
        assertArrayEquals(
                model().embedding.getArray().toFloatArray(),
                model.embedding.getArray().toFloatArray());
    }

    private void assertRefused(
            GradientExchange.Local copy,
            Map<String, NDArray> values,
            TrainingBatch batch,
            String named) {
        LoraException error =
                assertThrows(
                        LoraException.class,
                        () -> copy.compute(values, List.of(batch), List.of(1), manager));
        assertEquals("TrainState", error.code());
        assertTrue(error.getMessage().contains(named), error.getMessage());
    }

    @Test
    void computingAndSumming_leaveNoArrays() {
        EmbeddingAndHead model = model();
        EmbeddingAndHead copied = model();
        NDArray[] batches = batches(1);
        try (GradientExchange.Local copy =
                        GradientExchange.Local.over(copied, manager, TrainingMemory.DEFAULT);
                TrainingLoop loop =
                        TrainingLoop.over(
                                model,
                                manager,
                                CONFIG,
                                over(copy, Collections.synchronizedList(new ArrayList<>())))) {
            loop.step(batches);
            int arrays = LiveArrays.inProcess();
            int resources = LiveArrays.directlyUnder(manager);
            for (int i = 0; i < 50; i++) {
                loop.step(batches);
            }
            assertEquals(arrays, LiveArrays.inProcess());
            assertEquals(resources, LiveArrays.directlyUnder(manager));
        }
    }
}
