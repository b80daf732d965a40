package dev.ligature.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonParser;
import dev.ligature.models.run.CheckpointFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A training that was stopped goes on as if it had not been: all files are equal bit for bit. */
final class ResumeTest {
    private static final Path RESOURCES = Path.of("..", "models", "src", "test", "resources");
    private static final String ADAPTER = "adapter_model.safetensors";

    @TempDir Path folder;
    @TempDir Path streams;

    private Path llama;
    private Path prompts;
    private Path text;

    @BeforeEach
    void writeFiles() throws IOException {
        llama = base("cases/llama-rslora");
        StringBuilder lines = new StringBuilder();
        StringBuilder words = new StringBuilder();
        for (int i = 0; i < 7; i++) {
            String word = "abcdefghijklmnop".substring(i, i + 5);
            lines.append("{\"prompt\": \"" + word + "\", \"completion\": \" " + word + "\"}\n");
            words.append(word).append(" the quick brown fox jumps over the lazy dog ");
        }
        prompts = Files.writeString(folder.resolve("prompts.jsonl"), lines);
        text = Files.writeString(folder.resolve("text.txt"), words);
    }

    @AfterEach
    void chooseOperatorsAnew() {
        System.clearProperty("ligature.operators");
    }

    private Path base(String name) throws IOException {
        Path copy = Files.createDirectories(folder.resolve("models").resolve(name));
        Path from = RESOURCES.resolve(name).resolve("base");
        for (String file : List.of("model.safetensors", "config.json")) {
            Files.copy(from.resolve(file), copy.resolve(file));
        }
        Files.copy(RESOURCES.resolve("tasks/tokenizer.json"), copy.resolve("tokenizer.json"));
        return copy;
    }

    private List<Object> train(Path model, Path data, String output, Object... more) {
        List<Object> args = new ArrayList<>(List.of("train", "--model", model, "--data", data));
        args.addAll(List.of("--output", folder.resolve(output), "--batch-size", 2));
        args.addAll(List.of("--sequence-length", 16, "--seed", 5));
        args.addAll(Arrays.asList(more));
        return args;
    }

    private static Object[] with(List<Object> args, Object... more) {
        List<Object> all = new ArrayList<>(args);
        all.addAll(Arrays.asList(more));
        return all.toArray();
    }

    private void assertSame(String expected, String actual) throws IOException {
        for (String column : List.of("step", "loss", "grad_norm", "learning_rate")) {
            assertArrayEquals(
                    Cases.column(folder.resolve(expected).resolve("metrics.csv"), column),
                    Cases.column(folder.resolve(actual).resolve("metrics.csv"), column),
                    column);
        }
        assertArrayEquals(
                Files.readAllBytes(folder.resolve(expected).resolve(ADAPTER)),
                Files.readAllBytes(folder.resolve(actual).resolve(ADAPTER)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "prompts --lora-dropout 0.3",
                "prompts --accumulation 3 --loraplus-ratio 4",
                "prompts --optimizer sgd --use-dora",
                "text --lora-dropout 0.3",
                "prompts --init-lora-weights pissa --weight-decay 0.1",
                "masked --lora-dropout 0.3"
            })
    void aTrainingInTwoParts_isTheWholeOne(String options) throws IOException {
        List<String> words = List.of(options.split(" ", -1));
        Object[] more = words.subList(1, words.size()).toArray();
        Path model = llama;
        Path data = words.get(0).equals("text") ? text : prompts;
        if (words.get(0).equals("masked")) {
            model = base("encoders/bert-mlm");
            data =
                    Files.writeString(
                            folder.resolve("masked.jsonl"),
                            "{\"text\": \"the dog\"}\n{\"text\": \"foxes\"}\n{\"text\": \"an owl\"}");
        }
        List<Object> whole = train(model, data, "whole", more);
        List<Object> first = train(model, data, "first", more);
        List<Object> second = train(model, data, "second", more);
        CliRun.of(with(whole, "--steps", 11)).succeeded();
        CliRun.of(with(first, "--steps", 5, "--checkpoint-every", 5)).succeeded();
        Path checkpoints = folder.resolve("first.checkpoints");
        CliRun run = CliRun.of(with(second, "--steps", 11, "--resume", checkpoints)).succeeded();
        assertTrue(run.err().contains("going on after step 5"), run.err());
        assertSame("whole", "second");
        assertEquals(".lock step-5", Cases.list(checkpoints));
        CliRun.of("inspect", "--model", model, "--adapter", checkpoints.resolve("step-5"))
                .succeeded();
    }

    @Test
    void aTraining_goesOnThroughALink_andWhereTheModelIs_andNotBackwards() throws IOException {
        Path link = Files.createSymbolicLink(folder.resolve("link"), llama);
        Path output = link.resolve("adapter");
        List<Object> args = train(llama, prompts, "unused");
        args.set(6, output);
        CliRun.of(with(args, "--steps", 4, "--checkpoint-every", 2)).succeeded();
        Files.move(output, folder.resolve("first"));
        Files.writeString(llama.resolve("README.md"), "mine");
        Path checkpoints = link.resolve("adapter.checkpoints");

        CliRun.of(with(args, "--steps", 2, "--resume", checkpoints))
                .refused("is after step 4", "ends with step 2");
        CliRun run = CliRun.of(with(args, "--steps", 6, "--resume", checkpoints)).succeeded();

        assertTrue(run.err().contains("going on after step 4"), run.err());
    }

    @Test
    void theLastCheckpoints_areKept() throws IOException {
        Object[] options = {"--steps", 9, "--checkpoint-every", 2, "--keep-checkpoints", 3};
        CliRun.of(with(train(llama, prompts, "a"), options)).succeeded();
        assertEquals(".lock step-4 step-6 step-8", Cases.list(folder.resolve("a.checkpoints")));
        assertEquals(
                "adapter_config.json adapter_model.safetensors metrics.csv training.json"
                        + " training_state.safetensors",
                Cases.list(folder.resolve("a.checkpoints/step-8")));
        Object[] again = with(train(llama, prompts, "a"), options);
        CliRun.of(again).refused("a exists already");
        again[6] = folder.resolve("b");
        Files.move(folder.resolve("a.checkpoints"), folder.resolve("b.checkpoints"));
        CliRun.of(again).refused("[RunCheckpoints]", "b.checkpoints", "--resume");
        CliRun.of(with(train(llama, prompts, "c"), "--resume", folder.resolve("nothing")))
                .refused("[RunCheckpoints]", "nothing has no");
    }

    @Test
    void otherSettings_areRefusedByName() throws IOException {
        List<Object> args = train(llama, prompts, "a", "--steps", 4, "--schedule", "linear");
        CliRun.of(with(args, "--checkpoint-every", 2)).succeeded();
        Path checkpoints = folder.resolve("a.checkpoints");
        args.set(6, folder.resolve("b"));
        args.addAll(List.of("--resume", checkpoints));
        String[] beginning = {"[RunSettings]", "a.checkpoints/step-4"};
        CliRun.of(with(args, "--learning-rate", "0.5"))
                .refused(beginning[0], "--learning-rate is 0.5 here", "was 0.001", beginning[1]);
        Path json = checkpoints.resolve("step-4/training.json");
        String settings = Files.readString(json);
        Files.writeString(json, settings.replaceAll("(operators\": \")\\w+", "$1other"));
        CliRun.of(args.toArray()).refused(beginning[0], "-Dligature.operators is ", "was other in");
        Files.writeString(json, settings);
        CliRun.of(with(args, "--r", 3)).refused(beginning[0], "--r is 3 here", "was not given");
        Object[] steps = args.toArray();
        steps[args.indexOf("--steps") + 1] = 6;
        CliRun.of(steps).refused(beginning[0], "--steps is 6 here", "was 4");
        Files.writeString(prompts, Files.readString(prompts).replace("abcde", "abcdf"));
        CliRun.of(args.toArray())
                .refused(beginning[0], "--data is", "bytes of SHA-256", "Give --data as it was");
        assertFalse(Files.exists(folder.resolve("b")));
    }

    @Test
    void aSecondTraining_isKeptOut() throws IOException {
        Path checkpoints = folder.resolve("a.checkpoints");
        try (CheckpointFolder busy = CheckpointFolder.open(checkpoints, 1, false)) {
            assertEquals(checkpoints, busy.path());
            CliRun.of(with(train(llama, prompts, "a"), "--checkpoint-every", 2))
                    .refused("[RunCheckpoints]", "another training");
        }
        CliRun.of(with(train(llama, prompts, "a"), "--checkpoint-every", 2, "--steps", 2))
                .succeeded();
    }

    @Test
    void stopping_writesACheckpoint_andGoingOnEndsAsTheWhole() throws Exception {
        Object[] options = {"--steps", 4000, "--checkpoint-every", 1000};
        ChildProcess training =
                ChildProcess.start(streams, with(train(llama, prompts, "a"), options));
        Path partial = folder.resolve("a.partial/metrics.csv");
        training.await(() -> lines(partial) > 3);
        training.signal("TERM");
        CliRun run = training.end();
        assertEquals(130, run.exitCode(), run.err());
        assertFalse(Files.exists(folder.resolve("a")));
        Path checkpoints = folder.resolve("a.checkpoints");
        assertTrue(run.err().contains("--resume " + checkpoints), run.err());
        int done = lines(CheckpointFolder.find(checkpoints).resolve("metrics.csv")) - 1;
        assertTrue(run.err().contains("stopped after step " + done + ";"), run.err());
        Object[] whole =
                with(train(llama, prompts, "whole", operators(checkpoints)), "--steps", done + 2);
        Object[] rest =
                with(train(llama, prompts, "a", "--resume", checkpoints), "--steps", done + 2);
        ChildProcess.start(streams, rest).end().succeeded();
        ChildProcess.start(streams, whole).end().succeeded();
        assertSame("whole", "a");
    }

    private static int lines(Path file) {
        try {
            return Files.exists(file) ? Files.readAllLines(file).size() : 0;
        } catch (IOException e) {
            return 0; // it has just been moved
        }
    }

    @Test
    void aTrainingThatIsKilledAgainAndAgain_endsAsTheWholeOne() throws Exception {
        int kills = Boolean.getBoolean("ligature.soak") ? 20 : 5;
        Object[] options = {
            "--steps",
            4 * kills + 6,
            "--checkpoint-every",
            2,
            "--schedule",
            "cosine",
            "--lora-dropout",
            "0.2",
            "--warmup-steps",
            3
        };
        Random random = new Random(20261129);
        Path output = folder.resolve("a");
        Path checkpoints = folder.resolve("a.checkpoints");
        Object[] args = with(train(llama, prompts, "a"), options);
        int reached = 0;
        for (int kill = 0; kill < kills; kill++) {
            ChildProcess training = ChildProcess.start(streams, args);
            int before = reached;
            training.await(() -> last(checkpoints) > before || Files.exists(output));
            Thread.sleep(random.nextInt(40));
            training.kill();
            int now = last(checkpoints);
            assertTrue(now >= reached, now + " after " + reached);
            reached = now;
            assertWhole(checkpoints);
            args =
                    with(
                            train(llama, prompts, "a"),
                            with(Arrays.asList(options), "--resume", checkpoints));
            if (Files.exists(output)) {
                break; // the moment was the last one
            }
        }
        if (!Files.exists(output)) {
            ChildProcess.start(streams, args).end().succeeded();
        }
        Object[] whole = with(train(llama, prompts, "whole"), options);
        ChildProcess.start(streams, with(Arrays.asList(whole), operators(checkpoints)))
                .end()
                .succeeded();
        assertSame("whole", "a");
    }

    /** Returns the operators that a training was begun with, which follow from a measurement. */
    private static String operators(Path checkpoints) throws IOException {
        Path json = CheckpointFolder.find(checkpoints).resolve("training.json");
        return "-Dligature.operators="
                + JsonParser.parseString(Files.readString(json))
                        .getAsJsonObject()
                        .getAsJsonObject("settings")
                        .get("-Dligature.operators")
                        .getAsString();
    }

    /** Everything that has the name of a checkpoint has all of its files. */
    private static void assertWhole(Path checkpoints) throws IOException {
        try (Stream<Path> list = Files.list(checkpoints)) {
            for (Path path : list.toList()) {
                if (path.getFileName().toString().matches("step-\\d+")) {
                    assertEquals(
                            "adapter_config.json adapter_model.safetensors metrics.csv"
                                    + " training.json training_state.safetensors",
                            Cases.list(path));
                }
            }
        }
    }

    private static int last(Path checkpoints) {
        try {
            String name = CheckpointFolder.find(checkpoints).getFileName().toString();
            return Integer.parseInt(name.substring("step-".length()));
        } catch (IOException e) {
            return 0; // there is none yet
        }
    }
}
