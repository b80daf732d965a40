package dev.ligature.models.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import dev.ligature.LoraException;
import dev.ligature.Routing;
import dev.ligature.models.PretrainedModel;
import dev.ligature.training.StepMetrics;
import dev.ligature.training.TrainingBatch;
import dev.ligature.training.TrainingConfig;
import dev.ligature.training.TrainingConfig.OptimizerKind;
import dev.ligature.training.TrainingLoop;
import dev.ligature.training.TrainingMemory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Texts in few rows are trained on as texts in rows of their own. */
final class PackedRowsTest {
    private static final int LINES = 7;
    private static final TaskSettings APART = new TaskSettings(24, false, 0.05);
    private static final TaskSettings PACKED =
            new TaskSettings(24, false, true, 0.05, PreferenceSettings.DEFAULT);

    @TempDir Path folder;

    /** Writes lines of different lengths, the longest longer than the windows of the models. */
    private Path lines() throws IOException {
        Random random = new Random(5);
        StringBuilder lines = new StringBuilder();
        for (int line = 0; line < LINES; line++) {
            lines.append("{\"prompt\": \"")
                    .append(letters(random, 1 + random.nextInt(9)))
                    .append("\", \"completion\": \"")
                    .append(letters(random, 1 + line))
                    .append("\"}\n");
        }
        return Files.writeString(folder.resolve("d.jsonl"), lines.toString());
    }

    private static String letters(Random random, int count) {
        StringBuilder letters = new StringBuilder();
        for (int i = 0; i < count; i++) {
            letters.append((char) ('a' + random.nextInt(26))).append(' ');
        }
        return letters.toString();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "cases/llama-rslora",
                "families/gemma2",
                "families/gemma3",
                "families/gpt2",
                "families/mistral",
                "families/olmo2",
                "families/phi3-window",
                "families/qwen3",
                "families/smollm3"
            })
    void lossesAndGradients_areThoseOfTextsApart(String base) throws IOException {
        Path file = lines();
        try (PretrainedModel model = TaskModels.load(folder, base)) {
            model.lora()
                    .load("found", TaskModels.RESOURCES.resolve(base).resolve("adapter"))
                    .setTrainable(true);
            StepMetrics apart = step(model, file, APART, TrainingMemory.DEFAULT);
            StepMetrics packed = step(model, file, PACKED, TrainingMemory.DEFAULT);
            assertEquals(apart.loss(), packed.loss(), 1e-6 * apart.loss());
            assertEquals(apart.gradNorm(), packed.gradNorm(), 1e-5 * apart.gradNorm());
            if (base.startsWith("cases")) {
                TrainingMemory little =
                        TrainingMemory.DEFAULT.withRecomputedLayers().withLogitBytes(3_000);
                StepMetrics slow = step(model, file, PACKED, little);
                assertEquals(apart.loss(), slow.loss(), 1e-6 * apart.loss());
                assertEquals(apart.gradNorm(), slow.gradNorm(), 1e-5 * apart.gradNorm());
            }
        }
    }

    /** Takes a step that changes next to nothing. */
    private static StepMetrics step(
            PretrainedModel model, Path file, TaskSettings settings, TrainingMemory memory)
            throws IOException {
        TrainingConfig config =
                TrainingConfig.builder()
                        .optOptimizer(OptimizerKind.SGD)
                        .optLearningRate(1e-12)
                        .optMemory(memory)
                        .build();
        TrainingTask<?> task = TaskKind.CAUSAL.on(model, settings);
        try (NDManager manager = NDManager.newBaseManager();
                TrainingData data = TrainingData.lines(task, List.of(file), LINES, 0);
                TrainingLoop loop =
                        TrainingLoop.over(
                                model.lora().routed(Routing.of("found")), manager, config)) {
            TrainingBatch batch = data.next(manager);
            long rows = batch.inputs().head().getShape().get(0);
            assertEquals(settings.packing() ? 4 : LINES, rows);
            assertEquals(settings.packing(), data.report().startsWith("the packed rows were"));
            return loop.step(batch);
        }
    }

    @Test
    void aRowIsFilledWithTheTextThatLeavesLeast_andPositionsBeginAnew() throws IOException {
        Path file =
                Files.writeString(
                        folder.resolve("d.jsonl"),
                        """
                        {"text": "a"}
                        {"text": "b c d e f"}
                        {"text": "g h i"}
                        {"prompt": "j k", "completion": "l"}
                        """);
        try (PretrainedModel model = TaskModels.load(folder, "cases/llama-rslora");
                NDManager manager = NDManager.newBaseManager()) {
            // With [CLS], [SEP] and the end there are 4, 8, 6 and 6 tokens.
            TaskSettings settings =
                    new TaskSettings(12, false, true, 0.05, PreferenceSettings.DEFAULT);
            TrainingTask<?> task = TaskKind.CAUSAL.on(model, settings);
            try (TrainingData data = TrainingData.lines(task, List.of(file), 4, 0)) {
                TrainingBatch batch = data.next(manager);
                NDList inputs = batch.inputs();
                assertEquals(new Shape(2, 11), inputs.head().getShape());
                long[] positions = inputs.get(2).toLongArray();
                assertEquals(
                        "01234567012" + "01234501234",
                        Arrays.toString(positions).replaceAll("\\D", ""));
                // all of the texts, 2 + 1 of "l" and its ends
                assertEquals(7 + 3 + 5 + 3, batch.count());
                assertEquals("the packed rows were filled to 100 %", data.report());
                NDArray seen = inputs.get(1); // (2, 11, 11)
                assertEquals(new Shape(2, 11, 11), seen.getShape());
                assertTrue(seen.getBoolean(0, 3, 7));
                assertFalse(seen.getBoolean(0, 8, 7));
            }
        }
    }

    @Test
    void aMaskOfTokens_needsPositions() throws IOException {
        try (PretrainedModel model = TaskModels.load(folder, "cases/llama-rslora");
                NDManager manager = NDManager.newBaseManager()) {
            NDArray ids = manager.create(new long[] {3, 4, 5}, new Shape(1, 3));
            NDList inputs = new NDList(ids, manager.ones(new Shape(1, 3, 3)));
            LoraException error =
                    assertThrows(
                            LoraException.class,
                            () ->
                                    model.block()
                                            .forward(
                                                    new ParameterStore(manager, false),
                                                    inputs,
                                                    false));
            assertEquals("LlamaInputs", error.code());
            assertNotEquals("", String.valueOf(error.getMessage()));
        }
    }
}
