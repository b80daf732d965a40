package dev.ligature.models.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.ligature.LoraException;
import dev.ligature.Routing;
import dev.ligature.config.LoraConfig;
import dev.ligature.models.PretrainedModel;
import dev.ligature.training.GradientExchange;
import dev.ligature.training.StepMetrics;
import dev.ligature.training.TrainingBatch;
import dev.ligature.training.TrainingConfig;
import dev.ligature.training.TrainingLoop;
import dev.ligature.training.TrainingMemory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A copy of a model computes the gradients that the model under training would compute. */
final class TrainingReplicaTest {
    private static final TrainingConfig CONFIG =
            TrainingConfig.builder().optLearningRate(0.01).optSeed(5).build();
    private static final TaskSettings SETTINGS = new TaskSettings(9, false, 0.05);

    @TempDir Path folder;

    static Stream<Arguments> kinds() {
        String pair = "{\"prompt\": \"a b\", \"completion\": \"c\"}\n";
        return Stream.of(
                Arguments.of(
                        TaskKind.CAUSAL,
                        "cases/llama-rslora",
                        pair + "{\"prompt\": \"a\", \"completion\": \"b c d e\"}"),
                Arguments.of(
                        TaskKind.PREFERENCE,
                        "cases/llama-rslora",
                        "{\"prompt\": \"a\", \"chosen\": \"b c\", \"rejected\": \"d\"}\n"
                                + "{\"prompt\": \"c d\", \"chosen\": \"b\", \"rejected\": \"e f\"}"),
                Arguments.of(
                        TaskKind.SEQ2SEQ,
                        "t5/relu",
                        pair + "{\"input\": \"d e f\", \"target\": \"f g\"}"),
                Arguments.of(
                        TaskKind.CLASSIFICATION,
                        "encoders/bert-sequence",
                        "{\"text\": \"a b\", \"label\": 1}\n{\"text\": \"c\", \"label\": 0}"),
                Arguments.of(
                        TaskKind.CLASSIFICATION,
                        "encoders/bert-token",
                        "{\"tokens\": [\"a\", \"b\"], \"labels\": [1, 0]}\n"
                                + "{\"tokens\": [\"c\"], \"labels\": [2]}"),
                Arguments.of(
                        TaskKind.EMBEDDING,
                        "encoders/bert-model",
                        """
                        {"query": "a", "positive": "b c", "negatives": ["d"]}
                        {"query": "e f", "positive": "g"}
                        {"query": "e f", "positive": "h"}
                        """),
                Arguments.of(
                        TaskKind.MASKED,
                        "encoders/bert-mlm",
                        "{\"text\": \"a b c d\"}\n{\"text\": \"e f\"}\n{\"text\": \"g\"}"));
    }

    /** Opens a model with an adapter that drops out. */
    private static PretrainedModel open(Path base) throws IOException {
        PretrainedModel model = PretrainedModel.load(base);
        LoraConfig config =
                LoraConfig.builder()
                        .setTargetModules(AdapterDefaults.targets(model).orElseThrow())
                        .optRank(2)
                        .optLoraDropout(0.25)
                        .build();
        model.lora().create("mine", AdapterDefaults.complete(config, base, model), 3);
        return model;
    }

    /** Trains for three steps of three batches, by an exchange or without one. */
    private double[] train(TaskKind kind, Path base, Path lines, boolean replicated)
            throws IOException {
        try (PretrainedModel model = open(base);
                PretrainedModel copied = open(base);
                TrainingReplica replica =
                        new TrainingReplica(
                                copied, "mine", kind.on(copied, SETTINGS), TrainingMemory.DEFAULT);
                TrainingData data =
                        TrainingData.lines(kind.on(model, SETTINGS), List.of(lines), 2, 0);
                TrainingLoop loop = loop(model, replicated ? replica : null)) {
            double[] numbers = new double[6];
            for (int step = 0; step < 3; step++) {
                try (NDManager scope = model.manager().newSubManager()) {
                    TrainingBatch[] batches = new TrainingBatch[3];
                    for (int i = 0; i < batches.length; i++) {
                        batches[i] = data.next(scope);
                    }
                    StepMetrics metrics = loop.step(batches);
                    numbers[2 * step] = metrics.loss();
                    numbers[2 * step + 1] = metrics.gradNorm();
                }
            }
            return numbers;
        }
    }

    private static TrainingLoop loop(
            PretrainedModel model, @org.jspecify.annotations.Nullable TrainingReplica replica) {
        var block = model.lora().routed(Routing.of("mine"));
        if (replica == null) {
            return TrainingLoop.over(block, model.manager(), CONFIG);
        }
        GradientExchange exchange =
                step -> {
                    for (List<GradientExchange.MicroBatch> part : step.parts()) {
                        try (NDManager scope = replica.manager().newSubManager()) {
                            var result = replica.compute(step.parameters(), part, scope);
                            step.add(result.gradients(), result.items(), result.loss());
                        }
                    }
                };
        return TrainingLoop.over(block, model.manager(), CONFIG, exchange);
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void ofEachTask_itGivesTheSteps_bitForBit(TaskKind kind, String name, String lines)
            throws IOException {
        Path base = TaskModels.copy(folder, name);
        Path file = Files.writeString(folder.resolve("lines.jsonl"), lines);

        double[] expected = train(kind, base, file, false);

        assertArrayEquals(expected, train(kind, base, file, true));
        assertFalse(Arrays.stream(expected).allMatch(number -> number == expected[0]));
    }

    @Test
    void aBatchOfAnotherTask_isRefused() throws IOException {
        Path base = TaskModels.copy(folder, "cases/llama-rslora");
        try (PretrainedModel copied = open(base);
                TrainingReplica replica =
                        new TrainingReplica(
                                copied,
                                "mine",
                                TaskKind.PREFERENCE.on(copied, SETTINGS),
                                TrainingMemory.DEFAULT);
                NDManager scope = NDManager.newBaseManager()) {
            NDArray ids = scope.create(new long[][] {{1, 2, 3}});
            TrainingBatch batch = CompletionTask.batch(ids, ids);
            LoraException error =
                    assertThrows(
                            LoraException.class,
                            () ->
                                    replica.compute(
                                            java.util.Map.of(),
                                            List.of(
                                                    new GradientExchange.MicroBatch(
                                                            batch.inputs(),
                                                            batch.labels(),
                                                            batch.count(),
                                                            batch.loss().getName(),
                                                            1)),
                                            scope));
            assertEquals("TrainTask", error.code());
            assertTrue(
                    String.valueOf(error.getMessage())
                            .contains(
                                    "has the loss ClassLoss, but a replica of the model computes"
                                            + " PreferenceLoss"),
                    error.getMessage());
        }
    }
}
