package dev.ligature.models.training;

import static dev.ligature.models.training.TaskModels.CLS;
import static dev.ligature.models.training.TaskModels.SEP;
import static dev.ligature.models.training.TaskModels.id;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import dev.ligature.LoraException;
import dev.ligature.Routing;
import dev.ligature.checkpoint.AdapterLoadOptions;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.models.PretrainedModel;
import dev.ligature.models.training.PreferenceSettings.Kind;
import dev.ligature.training.StepMetrics;
import dev.ligature.training.TrainingBatch;
import dev.ligature.training.TrainingConfig;
import dev.ligature.training.TrainingLoop;
import dev.ligature.training.TrainingMemory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Lines with two answers, one of which is chosen. */
final class PreferenceTaskTest {
    private static final long NOT = -100;
    private static final String USER = "{\"role\": \"user\", \"content\": \"a\"}";
    private static final String GOOD = "{\"role\": \"assistant\", \"content\": \"b c\"}";
    private static final String BAD = "{\"role\": \"assistant\", \"content\": \"d\"}";

    @TempDir static Path folder;

    private static PretrainedModel model;

    @BeforeAll
    static void load() throws IOException {
        Path base = TaskModels.copy(folder, "cases/llama-rslora");
        Files.writeString(
                base.resolve("chat_template.jinja"),
                "[CLS]{% for m in messages %} {{ m.role[0] }} {{ m.content }} [SEP]{% endfor %}"
                        + "{% if add_generation_prompt %} a{% endif %}");
        model = PretrainedModel.load(base);
        model.lora().load("found", TaskModels.RESOURCES.resolve("cases/llama-rslora/adapter"));
    }

    @AfterAll
    static void close() {
        model.close();
    }

    @Test
    void chosenTextsComeFirst_andTheReferenceIsTheModelWithoutAnAdapter() throws IOException {
        String line = "{\"prompt\": \"a \", \"chosen\": \"b c\", \"rejected\": \"d\"}";
        try (NDManager manager = NDManager.newBaseManager();
                PretrainedModel plain = PretrainedModel.load(model.directory())) {
            TrainingBatch batch = batch(line, manager);
            assertEquals(1, batch.count());
            assertArrayEquals(
                    new long[] {CLS, id('a'), id('b'), id('c'), SEP, CLS, id('a'), id('d'), SEP, 2},
                    batch.inputs().head().toLongArray());
            assertArrayEquals(
                    new long[] {NOT, id('b'), id('c'), SEP, 2, NOT, id('d'), SEP, 2, NOT},
                    batch.labels().head().toLongArray());
            NDList logits =
                    plain.block()
                            .forward(new ParameterStore(manager, false), batch.inputs(), false);
            NDList none = new NDList(batch.labels().head(), manager.zeros(new Shape(2)));
            assertArrayEquals(
                    PreferenceLoss.ratios(none, logits, false).toFloatArray(),
                    batch.labels().get(1).toFloatArray(),
                    1e-4f);
        }
    }

    @Test
    void answersMayBeMessages_andThenThePromptMayBeWhatTheyBeginWith() throws IOException {
        String with = "{\"prompt\": [%1$s], \"chosen\": [%2$s], \"rejected\": [%3$s]}";
        String without =
                "{\"prompt\": \"a\", \"chosen\": [%1$s, %2$s], \"rejected\": [%1$s, %3$s]}";
        for (String form : List.of(with, without)) {
            try (NDManager manager = NDManager.newBaseManager()) {
                TrainingBatch batch = batch(String.format(form, USER, GOOD, BAD), manager);
                assertArrayEquals(
                        new long[] {
                            NOT, NOT, NOT, NOT, id('b'), id('c'), SEP, NOT, NOT, NOT, NOT, id('d'),
                            SEP, NOT
                        },
                        batch.labels().head().toLongArray());
            }
        }
    }

    @Test
    void aLineWithoutTwoAnswers_isNamed() {
        for (String[] each :
                new String[][] {
                    {"{\"prompt\": \"a\", \"chosen\": \"b\"}", "the field rejected is missing"},
                    {"{\"prompt\": \"a\", \"chosen\": \"b\", \"rejected\": []}", "chosen is 'b'"},
                    {
                        "{\"chosen\": [" + GOOD + "], \"rejected\": [" + BAD + "]}",
                        "the field prompt is missing"
                    }
                }) {
            try (NDManager manager = NDManager.newBaseManager()) {
                CheckpointException error =
                        assertThrows(CheckpointException.class, () -> batch(each[0], manager));
                String message = String.valueOf(error.getMessage());
                assertEquals("DataField", error.code(), message);
                assertTrue(message.contains("d.jsonl, line 1: " + each[1]), message);
            }
        }
    }

    @Test
    void anAnswerWithoutATokenToLearn_isRefusedWithItsLine() throws IOException {
        Path file =
                Files.writeString(
                        folder.resolve("short.jsonl"),
                        "{\"prompt\": \"\", \"chosen\": \"b\", \"rejected\": \"d\"}");
        TrainingTask<?> task = TaskKind.PREFERENCE.on(model, new TaskSettings(1, false, 0.05));
        try (TrainingData data = TrainingData.lines(task, List.of(file), 1, 0);
                NDManager manager = NDManager.newBaseManager()) {
            CheckpointException error =
                    assertThrows(CheckpointException.class, () -> data.next(manager));
            assertEquals("DataNothingCounts", error.code());
            assertTrue(
                    String.valueOf(error.getMessage())
                            .contains("short.jsonl, line 1: no token of chosen"),
                    error.getMessage());
        }
    }

    @ParameterizedTest
    @CsvSource({"SIGMOID, 0", "SIGMOID, 0.2", "IPO, 0"})
    void aHeadInChunks_givesTheLossAndTheGradientsOfAllLogits(Kind kind, double smoothing)
            throws IOException {
        String lines =
                """
                {"prompt": "a ", "chosen": "b c", "rejected": "d"}
                {"prompt": "b ", "chosen": "a", "rejected": "a c d"}
                """;
        PreferenceSettings settings = new PreferenceSettings(0.3, smoothing, kind);
        double[][] found = new double[2][];
        long[] bytes = {1 << 20, 4 * 40}; // all tokens, and one or two of them
        for (int i = 0; i < 2; i++) {
            try (PretrainedModel fresh = PretrainedModel.load(model.directory());
                    NDManager manager = NDManager.newBaseManager()) {
                fresh.lora()
                        .load(
                                "trained",
                                TaskModels.RESOURCES.resolve("cases/llama-rslora/adapter"),
                                AdapterLoadOptions.defaults().trainable());
                TrainingTask<?> task = new PreferenceTask(new TextTokens(fresh, 20), settings);
                Path file = Files.writeString(folder.resolve("pairs.jsonl"), lines);
                TrainingConfig config =
                        TrainingConfig.builder()
                                .optLearningRate(1e-2)
                                .optMemory(TrainingMemory.DEFAULT.withLogitBytes(bytes[i]))
                                .build();
                try (TrainingData data = TrainingData.lines(task, List.of(file), 2, 0);
                        TrainingLoop loop =
                                TrainingLoop.over(
                                        fresh.lora().routed(Routing.of("trained")),
                                        fresh.manager(),
                                        config)) {
                    TrainingBatch batch = data.next(manager);
                    StepMetrics first = loop.step(batch);
                    StepMetrics second = loop.step(batch);
                    found[i] =
                            new double[] {
                                first.loss(),
                                first.gradNorm(),
                                second.loss(),
                                second.gradNorm(),
                                loop.evaluate(batch)
                            };
                }
            }
        }
        assertArrayEquals(found[0], found[1], 1e-5 * Math.max(1, found[0][1]));
        assertTrue(Math.abs(found[0][0] - found[0][2]) > 1e-4, "the step changes the loss");
    }

    @Test
    void slopes_areTheDerivativesOfTheLoss() {
        for (PreferenceSettings settings :
                List.of(
                        new PreferenceSettings(0.3, 0, Kind.SIGMOID),
                        new PreferenceSettings(0.3, 0.2, Kind.SIGMOID),
                        new PreferenceSettings(0.3, 0, Kind.IPO))) {
            for (double delta : new double[] {-200, -3, 0, 0.5, 4, 200}) {
                double difference = settings.value(delta + 1e-5) - settings.value(delta - 1e-5);
                assertEquals(difference / 2e-5, settings.slope(delta), 1e-5);
            }
        }
    }

    @Test
    void numbersWithoutMeaning_areRefused() {
        assertRefused(0, 0, Kind.SIGMOID);
        assertRefused(Double.NaN, 0, Kind.SIGMOID);
        assertRefused(0.1, 0.5, Kind.SIGMOID);
        assertRefused(0.1, 0.1, Kind.IPO);
    }

    private static void assertRefused(double beta, double smoothing, Kind loss) {
        LoraException error =
                assertThrows(
                        LoraException.class, () -> new PreferenceSettings(beta, smoothing, loss));
        assertEquals("TrainPreference", error.code());
    }

    private static TrainingBatch batch(String line, NDManager manager) throws IOException {
        Path file = Files.writeString(folder.resolve("d.jsonl"), line);
        TrainingTask<?> task = TaskKind.PREFERENCE.on(model, new TaskSettings(20, false, 0.05));
        try (TrainingData data = TrainingData.lines(task, List.of(file), 1, 0)) {
            return data.next(manager);
        }
    }
}
