package dev.ligature.training;

import static dev.ligature.training.TorchCase.assertNear;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.loss.Loss;
import com.google.gson.JsonArray;
import dev.ligature.LoraException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class TrainingBatchTest {
    private final NDManager manager = NDManager.newBaseManager();

    @AfterEach
    void close() {
        manager.close();
    }

    /** The next token is a class like any other. */
    @ParameterizedTest
    @ValueSource(strings = {"accumulation-uneven", "ignored-labels"})
    void classesOfTokens_giveTorchsNumbers(String name) {
        TorchCase torch = TorchCase.read(name);
        List<TrainingBatch[]> steps = new ArrayList<>();
        for (List<TokenBatch> micro : torch.steps(manager)) {
            steps.add(micro.stream().map(this::classes).toArray(TrainingBatch[]::new));
        }
        assertTorchsNumbers(torch, steps, System::gc);
    }

    @Test
    void aLossOfYourOwn_givesTorchsNumbers() {
        TorchCase torch = TorchCase.read("squares-uneven");
        JsonArray values = torch.json().getAsJsonArray("values");
        List<TrainingBatch[]> steps = new ArrayList<>();
        for (List<TokenBatch> micro : torch.steps(manager)) {
            TrainingBatch[] batches = new TrainingBatch[micro.size()];
            for (int i = 0; i < batches.length; i++) {
                NDArray ids = micro.get(i).ids();
                float[] wanted = TorchCase.floats(values.get(steps.size()).getAsJsonArray().get(i));
                Shape shape = ids.getShape().add(torch.json().get("vocabulary").getAsLong());
                batches[i] =
                        TrainingBatch.of(
                                new NDList(ids),
                                new NDList(manager.create(wanted, shape)),
                                new MeanSquare());
            }
            steps.add(batches);
        }
        assertTorchsNumbers(torch, steps, System::gc);
    }

    private TrainingBatch classes(TokenBatch batch) {
        return TrainingBatch.classes(
                new NDList(batch.ids().get(":, :-1")), batch.labels().get(":, 1:"));
    }

    private void assertTorchsNumbers(
            TorchCase torch, List<TrainingBatch[]> steps, Runnable inForward) {
        EmbeddingAndHead model = torch.model(manager);
        model.inForward(inForward);
        int arrays = LiveArrays.inProcess();
        int resources = LiveArrays.directlyUnder(manager);
        try (TrainingLoop loop = TrainingLoop.over(model, manager, torch.config())) {
            for (int i = 0; i < steps.size(); i++) {
                double before = loop.evaluate(steps.get(i));
                StepMetrics metrics = loop.step(steps.get(i));
                assertNear(torch.numbers("losses")[i], before, "loss before step " + i);
                assertNear(torch.numbers("losses")[i], metrics.loss(), "loss of step " + i);
                assertNear(torch.numbers("grad_norms")[i], metrics.gradNorm(), "norm " + i);
            }
        }
        assertEquals(arrays, LiveArrays.inProcess());
        assertEquals(resources, LiveArrays.directlyUnder(manager));
        assertNear(torch.finalWeight("embedding"), model.embedding.getArray(), "embedding");
        assertNear(torch.finalWeight("head"), model.head.getArray(), "head");
    }

    @Test
    void classesOfRows_areTakenFromTheFirstOutput() {
        NDArray ids = manager.create(new long[] {1, 2, 0}); // (B): logits (B, V)
        EmbeddingAndHead model = new EmbeddingAndHead(manager, 5, 3);
        try (TrainingLoop loop = TrainingLoop.over(model, manager, rate(0.5))) {
            TrainingBatch batch = TrainingBatch.classes(new NDList(ids), ids);
            double before = loop.evaluate(batch);
            loop.step(batch);
            assertTrue(loop.evaluate(batch) < before, "learns nothing");
        }
    }

    @Test
    void countingLabels_leavesNoArrayBehind() {
        NDArray ids = manager.create(new long[] {1, -100, 0});
        int before = manager.getManagedArrays().size();
        assertEquals(2, TrainingBatch.classes(new NDList(ids), ids).count());
        assertEquals(before, manager.getManagedArrays().size());
    }

    @Test
    void aStepWithoutItems_andABatchWithoutInputs_areErrors() {
        NDArray ids = manager.create(new long[] {1, 2}, new Shape(1, 2));
        NDArray none = manager.full(new Shape(1, 2), -100, DataType.INT64);
        EmbeddingAndHead model = new EmbeddingAndHead(manager, 5, 3);
        try (TrainingLoop loop = TrainingLoop.over(model, manager, rate(1))) {
            TrainingBatch batch = TrainingBatch.classes(new NDList(ids), none);
            assertEquals(
                    "TrainNoTokens",
                    assertThrows(LoraException.class, () -> loop.step(batch)).code());
            assertEquals(
                    "TrainNoTokens",
                    assertThrows(LoraException.class, () -> loop.evaluate(batch)).code());
        }
        for (Runnable make :
                List.<Runnable>of(
                        () -> TrainingBatch.classes(new NDList(), ids),
                        () -> TrainingBatch.of(new NDList(), new NDList(), new MeanSquare()))) {
            LoraException error = assertThrows(LoraException.class, make::run);
            assertEquals("TrainEmptyBatch", error.code());
        }
    }

    @Test
    void labelsThatDoNotFitTheOutputs_areErrors() {
        NDArray ids = manager.create(new long[] {1, 2, 0, 3, 4, 1}, new Shape(2, 3));
        EmbeddingAndHead model = new EmbeddingAndHead(manager, 5, 3); // logits (2, 3, 5)
        NDList inputs = new NDList(ids);
        try (TrainingLoop loop = TrainingLoop.over(model, manager, rate(1))) {
            refused(loop, inputs, ids.get(":, 1:"), "(2, 2), but the block gives logits (2, 3, 5)");
            refused(loop, inputs, ids.get(0), "(3), but");
            refused(loop, inputs, ids.add(1), "the class 5, but the block gives logits");
            refused(loop, inputs, ids.sub(1), "the class -1, but");
            refused(loop, inputs, ids.toType(DataType.FLOAT32, true), "float32 (2, 3)");
            loop.step(TrainingBatch.classes(inputs, ids.toType(DataType.INT32, true)));
        }
    }

    private static void refused(TrainingLoop loop, NDList inputs, NDArray labels, String part) {
        LoraException error =
                assertThrows(
                        LoraException.class,
                        () -> loop.step(TrainingBatch.classes(inputs, labels)));
        assertEquals("TrainLabels", error.code());
        assertTrue(String.valueOf(error.getMessage()).contains(part), error.getMessage());
    }

    @Test
    void aLossThatIsNotOneNumber_andInputsThatTheBlockRefuses_areErrors() {
        EmbeddingAndHead model = new EmbeddingAndHead(manager, 5, 3);
        float[] before = model.head.getArray().toFloatArray();
        NDArray ids = manager.create(new long[] {1, 2}, new Shape(1, 2));
        NDArray wrong = manager.create(new float[] {0.5f}, new Shape(1, 1));
        Loss many =
                new Loss("Many") {
                    @Override
                    public NDArray evaluate(NDList labels, NDList predictions) {
                        return predictions.head().square(); // (1, 2, 5)
                    }
                };
        try (TrainingLoop loop = TrainingLoop.over(model, manager, rate(1))) {
            LoraException refused =
                    assertThrows(
                            LoraException.class,
                            () -> loop.step(TrainingBatch.classes(new NDList(wrong), ids)));
            assertEquals("TrainBlock", refused.code());
            assertTrue(refused.getMessage().contains("float32 (1, 1)"), refused.getMessage());
            LoraException error =
                    assertThrows(
                            LoraException.class,
                            () -> loop.step(TrainingBatch.of(new NDList(ids), new NDList(), many)));
            assertEquals("TrainLoss", error.code());
            assertTrue(error.getMessage().contains("Many"), error.getMessage());
            assertTrue(error.getMessage().contains("(1, 2, 5)"), error.getMessage());
        }
        assertArrayEquals(before, model.head.getArray().toFloatArray());
    }

    @Test
    void inputsThatTheBlockRefuses_areErrorsAfterAGoodStepToo() {
        EmbeddingAndHead model = new EmbeddingAndHead(manager, 5, 3);
        NDArray ids = manager.create(new long[] {1, 2}, new Shape(1, 2));
        NDArray wrong = manager.create(new float[] {0.5f}, new Shape(1, 1));
        try (TrainingLoop loop = TrainingLoop.over(model, manager, rate(1))) {
            loop.step(TrainingBatch.classes(new NDList(ids), ids));
            TrainingBatch bad = TrainingBatch.classes(new NDList(wrong), ids);
            for (Executable call :
                    List.<Executable>of(() -> loop.step(bad), () -> loop.evaluate(bad))) {
                LoraException refused = assertThrows(LoraException.class, call);
                assertEquals("TrainBlock", refused.code());
                assertTrue(refused.getMessage().contains("float32 (1, 1)"), refused.getMessage());
            }
            loop.step(TrainingBatch.classes(new NDList(ids), ids));
        }
    }

    private static TrainingConfig rate(double rate) {
        return TrainingConfig.builder().optLearningRate(rate).build();
    }

    private static final class MeanSquare extends Loss {
        MeanSquare() {
            super("MeanSquare");
        }

        @Override
        public NDArray evaluate(NDList labels, NDList predictions) {
            return predictions.head().sub(labels.head()).square().mean();
        }
    }
}
