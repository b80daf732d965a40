package dev.ligature.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.ligature.models.run.CheckpointFolder;
import dev.ligature.ops.OperatorLookup;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A training that was stopped goes on as if it had not been: all files are equal bit for bit. */
final class ResumeTest {
    private static final String ADAPTER = "adapter_model.safetensors";
    private static final int OUTPUT = 4; // its place in the command

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
        return TaskFiles.base(folder, name);
    }

    private List<Object> train(Path model, Path data, String output, Object... more) {
        List<Object> args = TaskFiles.train(model, folder.resolve(output), "--data", data);
        args.addAll(List.of("--batch-size", 2, "--sequence-length", 16, "--seed", 5));
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
                "prompts --accumulation 3 --loraplus-ratio 4 --schedule cosine --warmup-steps 3",
                "prompts --accumulation 5 --partitions 2 --lora-dropout 0.3",
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
        Path checkpoints = folder.resolve("whole.checkpoints");
        Path first = checkpoints.resolve("step-5");
        List<Object> whole = train(model, data, "whole", more);
        CliRun.of(with(whole, "--steps", 11, "--checkpoint-every", 5)).succeeded();
        List<Object> second = train(model, data, "second", more);
        CliRun run = CliRun.of(with(second, "--steps", 11, "--resume", first)).succeeded();
        assertTrue(run.err().contains("going on after step 5"), run.err());
        assertSame("whole", "second");
        assertEquals(".lock report.html step-10 step-5", Cases.list(checkpoints));
        CliRun.of("inspect", "--model", model, "--adapter", first).succeeded();
    }

    @Test
    void aTraining_goesOnThroughALink_andWhereTheModelIs_andNotBackwards() throws IOException {
        Path link = Files.createSymbolicLink(folder.resolve("link"), llama);
        Path output = link.resolve("adapter");
        List<Object> args = train(llama, prompts, "unused");
        args.set(OUTPUT, output);
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
        assertEquals(
                ".lock report.html step-4 step-6 step-8",
                Cases.list(folder.resolve("a.checkpoints")));
        assertEquals(
                "adapter_config.json adapter_model.safetensors metrics.csv training.json"
                        + " training_state.safetensors",
                Cases.list(folder.resolve("a.checkpoints/step-8")));
        Object[] again = with(train(llama, prompts, "a"), options);
        CliRun.of(again).refused("a exists already");
        again[OUTPUT] = folder.resolve("b");
        Files.move(folder.resolve("a.checkpoints"), folder.resolve("b.checkpoints"));
        CliRun.of(again).refused("[RunCheckpoints]", "b.checkpoints", "--resume");
        CliRun.of(with(train(llama, prompts, "c"), "--resume", folder.resolve("nothing")))
                .refused("[RunCheckpoints]", "nothing has no");
    }

    @Test
    void otherSettings_areRefusedByName() throws Exception {
        List<Object> args = train(llama, prompts, "a", "--steps", 4, "--schedule", "linear");
        CliRun.of(with(args, "--checkpoint-every", 2)).succeeded();
        Path checkpoints = folder.resolve("a.checkpoints");
        args.set(OUTPUT, folder.resolve("b"));
        args.addAll(List.of("--resume", checkpoints));
        String[] beginning = {"[RunSettings]", "a.checkpoints/step-4"};
        CliRun.of(with(args, "--learning-rate", "0.5"))
                .refused(beginning[0], "--learning-rate is 0.5 here", "was 0.001", beginning[1]);
        Path json = checkpoints.resolve("step-4/training.json");
        String settings = Files.readString(json);
        Files.writeString(json, signed(settings.replaceAll("(operators\": \")[^\"]+", "$1other")));
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

    /** Returns what a checkpoint says, with the digest of what it says. */
    private static String signed(String json) throws NoSuchAlgorithmException {
        JsonObject object = JsonParser.parseString(json).getAsJsonObject();
        object.remove("digest");
        byte[] bytes = object.toString().getBytes(StandardCharsets.UTF_8);
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes);
        object.addProperty("digest", HexFormat.of().formatHex(digest));
        return object.toString();
    }

    @Test
    void aCheckpointWithoutAFile_orWithAnotherBit_isPassedOver() throws IOException {
        Object[] options = {"--eval-data", prompts, "--eval-every", 2};
        List<Object> args = train(llama, prompts, "a", options);
        CliRun.of(with(args, "--steps", 4, "--checkpoint-every", 2)).succeeded();
        Path checkpoints = folder.resolve("a.checkpoints");
        Path last = checkpoints.resolve("step-4");
        args.set(OUTPUT, folder.resolve("b"));
        String files = Cases.list(last);
        assertTrue(files.contains("best.safetensors evaluation.csv metrics.csv"), files);
        for (String name : files.split(" ", -1)) {
            byte[] bytes = Files.readAllBytes(last.resolve(name));
            byte[] other = bytes.clone();
            other[other.length / 2] ^= 1;
            Files.write(last.resolve(name), other);
            CliRun.of(with(args, "--resume", last)).refused("step-4/" + name);
            Files.delete(last.resolve(name));
            CliRun.of(with(args, "--resume", last)).refused("[RunDamaged]", "step-4/" + name);
            Files.write(last.resolve(name), bytes);
        }
        assertFalse(Files.exists(folder.resolve("b.checkpoints")), "what was made for nothing");
        Files.delete(last.resolve("metrics.csv"));
        Files.createDirectory(checkpoints.resolve("step-9"));
        CliRun run = CliRun.of(with(args, "--steps", 3, "--resume", checkpoints)).succeeded();

        assertTrue(run.err().contains("passed over: [RunDamaged] "), run.err());
        assertTrue(run.err().contains("step-9/training.json is not there"), run.err());
        assertTrue(run.err().contains("step-4/metrics.csv is not there"), run.err());
        assertTrue(run.err().contains("going on after step 2"), run.err());

        Files.move(folder.resolve("a"), folder.resolve("before"));
        args.set(OUTPUT, folder.resolve("a"));
        CliRun.of(
                        with(
                                args,
                                "--steps",
                                4,
                                "--checkpoint-every",
                                2,
                                "--keep-checkpoints",
                                1,
                                "--resume",
                                checkpoints))
                .succeeded();
        assertEquals("report.html step-4 step-4.damaged step-9.damaged", shown(checkpoints));
        assertTrue(Files.exists(last.resolve("metrics.csv")), "written anew");
        Files.move(folder.resolve("a"), folder.resolve("again"));
        CliRun.of(with(args, "--steps", 5, "--resume", checkpoints)).succeeded();
    }

    private static String shown(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> !name.startsWith("."))
                    .sorted()
                    .collect(Collectors.joining(" "));
        }
    }

    @Test
    void aTrainingThatIsStoppedInAnEvaluation_goesOnWithIt() throws IOException {
        Object[] options = {"--eval-data", prompts, "--eval-every", 2, "--checkpoint-every", 100};
        List<Object> args = train(llama, prompts, "a", options);
        Path partial = folder.resolve("a.partial");
        // Raised while the evaluation after step 2 is asked whether it is to stop.
        StopSignal stop = new StopSignal(() -> TaskFiles.lines(partial.resolve("metrics.csv")) > 2);
        CliRun run = CliRun.with(stop, with(args, "--steps", 4));
        assertEquals(StopSignal.EXIT_CODE, run.exitCode(), run.err());
        Path checkpoint = folder.resolve("a.checkpoints/step-2");
        assertFalse(Files.exists(checkpoint.resolve("evaluation.csv")));
        CliRun.of(with(args, "--steps", 4, "--resume", checkpoint)).succeeded();
        args.set(OUTPUT, folder.resolve("whole"));
        CliRun.of(with(args, "--steps", 4)).succeeded();
        assertSame("whole", "a");
        assertEquals(
                Files.readString(folder.resolve("whole/evaluation.csv")),
                Files.readString(folder.resolve("a/evaluation.csv")));
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

    /** A process that is stopped by a signal, then killed at random moments, and what comes out. */
    @Test
    void aTrainingThatIsStopped_andKilledAgainAndAgain_endsAsTheWholeOne() throws Exception {
        int kills = Boolean.getBoolean("ligature.soak") ? 20 : 4;
        // By those of this process, for the last part is in it.
        String operators = "-Dligature.operators=" + operators();
        Object[] options = {"--lora-dropout", "0.2", "--checkpoint-every", 2};
        List<Object> begun = train(llama, prompts, "a", options);
        Path partial = folder.resolve("a.partial/metrics.csv");
        Path checkpoints = folder.resolve("a.checkpoints");

        ChildProcess training =
                ChildProcess.start(streams, with(begun, operators, "--steps", 1_000_000));
        training.await(() -> TaskFiles.lines(partial) > 3);
        training.signal("TERM");
        CliRun stopped = training.end();
        assertEquals(130, stopped.exitCode(), stopped.err());
        assertFalse(Files.exists(folder.resolve("a")));
        assertTrue(stopped.err().contains("--resume " + checkpoints), stopped.err());
        int reached = TaskFiles.lines(newest(checkpoints).resolve("metrics.csv")) - 1;
        assertTrue(stopped.err().contains("stopped after step " + reached + ";"), stopped.err());
        assertEquals(reached, last(checkpoints));

        begun.addAll(List.of("--resume", checkpoints));
        Random random = new Random(20261129);
        for (int kill = 0; kill < kills; kill++) {
            training = ChildProcess.start(streams, with(begun, operators, "--steps", 1_000_000));
            int before = reached;
            training.await(() -> last(checkpoints) > before);
            Thread.sleep(random.nextInt(40));
            training.kill();
            reached = last(checkpoints);
            assertTrue(reached > before, reached + " after " + before);
            assertWhole(checkpoints);
        }

        int end = reached + 3;
        CliRun.of(with(begun, "--steps", end)).succeeded();
        List<Object> whole = train(llama, prompts, "whole", "--lora-dropout", "0.2");
        CliRun.of(with(whole, "--steps", end)).succeeded();
        assertSame("whole", "a");
    }

    private static String operators() {
        try (NDManager manager = NDManager.newBaseManager()) {
            return OperatorLookup.engine(manager).choice();
        }
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

    private static Path newest(Path checkpoints) {
        return checkpoints.resolve("step-" + last(checkpoints));
    }

    private static int last(Path checkpoints) {
        try (Stream<Path> list = Files.list(checkpoints)) {
            return list.map(path -> path.getFileName().toString())
                    .filter(name -> name.matches("step-\\d+"))
                    .mapToInt(name -> Integer.parseInt(name.substring("step-".length())))
                    .max()
                    .orElse(0);
        } catch (IOException e) {
            return 0; // there is none yet
        }
    }
}
