package dev.ligature.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ligature.cli.Training;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The job for spark-submit, and what docs/spark.md says of the module. */
class LigatureJobTest {
    private static final Path PAGE = Path.of("..", "docs", "spark.md");

    @TempDir Path folder;
    private final PrintStream console = System.out;
    private final ByteArrayOutputStream printed = new ByteArrayOutputStream();

    @BeforeEach
    void configure() {
        System.setProperty("spark.master", "local[1]");
        System.setProperty("spark.ui.enabled", "false");
        System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
    }

    @AfterEach
    void restore() {
        System.setOut(console);
        System.clearProperty("spark.master");
        System.clearProperty("spark.ui.enabled");
        LoadedModels.get().freeUnused();
    }

    @Test
    void aTable_isReadComputedAndWritten() throws Exception {
        Path rows = folder.resolve("rows.json");
        Files.writeString(
                rows,
                "{\"text\": \"public int size() {\"}\n{\"text\": null}\n{\"text\": \"a b\"}\n");
        Path results = folder.resolve("results");

        int code =
                LigatureJob.run(
                        "--model",
                        SparkFixture.DEMO.toString(),
                        "--task",
                        "perplexity",
                        "--input",
                        rows.toString(),
                        "--output",
                        results.toString());

        assertEquals(0, code);
        String out = printed.toString(StandardCharsets.UTF_8);
        assertTrue(
                out.matches(
                        "2 rows, 0 failures, \\d+ tokens, 1 batches, fill [\\d.]+, 0 adapter loads,"
                                + " [\\d.]+ seconds\\R"),
                out);
        String written;
        try (Stream<Path> files = Files.list(results)) {
            written =
                    Files.readString(
                            files.filter(file -> file.toString().endsWith(".json"))
                                    .findFirst()
                                    .orElseThrow());
        }
        assertEquals(3, written.lines().count());
        assertTrue(
                written.startsWith("{\"text\":\"public int size() {\",\"perplexity\":"), written);
        assertEquals("{}", written.lines().toList().get(1));
    }

    @Test
    void anUnknownOption_isRefused() {
        assertNotEquals(0, LigatureJob.run("--modle", "x"));
    }

    @Test
    void aJobThatFails_saysWhy_inOneLine() throws Exception {
        Path rows = Files.writeString(folder.resolve("rows.json"), "{\"text\": \"a\"}\n");
        PrintStream errors = System.err;
        System.setErr(new PrintStream(printed, true, StandardCharsets.UTF_8));
        int code;
        try {
            code =
                    LigatureJob.run(
                            "--model",
                            SparkFixture.DEMO.toString(),
                            "--task",
                            "embedding",
                            "--input",
                            rows.toString(),
                            "--output",
                            folder.resolve("results").toString());
        } finally {
            System.setErr(errors);
        }

        assertEquals(1, code);
        String said = printed.toString(StandardCharsets.UTF_8);
        assertTrue(
                said.lines()
                        .anyMatch(
                                line ->
                                        line.startsWith(
                                                "ligature-spark: [SparkTask] The task EMBEDDING"
                                                        + " needs an embedding model")),
                said);
    }

    @Test
    void aTraining_isThatOfTheCommandLine() throws Exception {
        TrainingFixture fixture = new TrainingFixture(folder);
        String[] options = fixture.tied(folder.resolve("there"));
        assertEquals(0, Training.run(fixture.tied(folder.resolve("here"))));

        int code = LigatureJob.run(ofJob(options));

        assertEquals(0, code);
        assertTrue(TrainingFixture.same(folder.resolve("here"), folder.resolve("there")));
        String names = Files.readString(folder.resolve("there").resolve("adapter_config.json"));
        assertTrue(names.contains("\"ensure_weight_tying\": true"), names);
    }

    private static String[] ofJob(String... options) {
        return Stream.concat(Stream.of("--task", "train"), Stream.of(options))
                .toArray(String[]::new);
    }

    @Test
    void whatATrainingCannotDo_isItsOwnMessage_andExitCode() throws Exception {
        TrainingFixture fixture = new TrainingFixture(folder);
        Path output = folder.resolve("output");

        assertEquals(2, LigatureJob.run(ofJob(fixture.tied(output, "--beta=0.1"))));
        assertEquals(2, LigatureJob.run(ofJob(fixture.tied(output, "--task", "masked"))));
        assertEquals(2, LigatureJob.run(ofJob("--modle", "x")));
        assertEquals(1, LigatureJob.run(ofJob("--model", "files:gone")));
        assertEquals(0, LigatureJob.run(ofJob("--help")));
        assertFalse(Files.exists(output));
    }

    @Test
    void theFirstTask_decidesWhetherToTrain_andASecondOneWhatFor() {
        assertTrue(TrainingArguments.isTraining("--model", "m", "--task", "TRAIN"));
        assertTrue(TrainingArguments.isTraining("--task=train", "--task=masked"));
        assertFalse(TrainingArguments.isTraining("--task=masked", "--task=train"));
        assertFalse(TrainingArguments.isTraining("--task"));
        assertFalse(TrainingArguments.isTraining("--input", "train"));
        assertArrayEquals(
                new String[] {"--model", "m", "--task", "masked", "--r=4"},
                TrainingArguments.ofJob(
                        "--model", "m", "--task", "train", "--task", "masked", "--r=4"));
        assertArrayEquals(
                new String[] {"--task=masked"},
                TrainingArguments.ofJob("--task=train", "--task=masked"));
    }

    @Test
    void foldersOfExecutors_doNotDependOnTheDirectoryOfTheDriver() throws Exception {
        Map<String, String> hadoop = Map.of("fs.defaultFS", "file:///");
        TrainingArguments sent =
                TrainingArguments.of(
                        new String[] {
                            "--model=base", "--init-adapter", "a/b", "--data", "c", "--r", "4"
                        },
                        hadoop);
        Path here = Path.of("").toAbsolutePath();

        assertEquals(
                List.of(
                        "--model=" + here.resolve("base"),
                        "--init-adapter",
                        here.resolve("a/b").toString(),
                        "--data",
                        "c",
                        "--r",
                        "4"),
                sent.options());
        assertEquals(
                List.of("--model", "s3a://models/base"),
                TrainingArguments.of(new String[] {"--model", "s3a://models/base"}, hadoop)
                        .options());
    }

    @Test
    void thePage_explainsEachCode_andNamesEachTask() throws Exception {
        String page = Files.readString(PAGE);

        for (SparkMessage message : SparkMessage.values()) {
            assertTrue(page.contains("| `" + message.code() + "` |"), message.code());
        }
        for (LigatureTask task : LigatureTask.values()) {
            assertTrue(page.contains("| `" + task + "` |"), task.toString());
        }
    }
}
