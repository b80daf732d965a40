package dev.ligature.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The numbers are those of {@code interop/make_evaluation_numbers.py}, by Transformers. */
final class EvaluateCommandTest {
    private static final Path RESOURCES = Path.of("..", "models", "src", "test", "resources");
    private static final String ADAPTER = "adapter_model.safetensors";

    @TempDir Path folder;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "causal",
                "seq2seq",
                "texts",
                "texts-modernbert",
                "words",
                "masked",
                "pairs"
            })
    void everyNumber_isThatOfTransformers(String name) throws IOException {
        Path tasks = RESOURCES.resolve("tasks");
        JsonObject expected =
                JsonParser.parseString(Files.readString(tasks.resolve("evaluation.json")))
                        .getAsJsonObject()
                        .getAsJsonObject(name);
        Path model = RESOURCES.resolve(expected.get("model").getAsString());
        String out =
                CliRun.of(
                                "evaluate",
                                "--model",
                                model.resolve("base"),
                                "--adapter",
                                model.resolve("adapter"),
                                "--token-ids",
                                tasks.resolve(name + ".safetensors"))
                        .succeeded()
                        .out();
        expected.remove("model");
        assertEquals(new ArrayList<>(expected.keySet()), names(out));
        for (String number : expected.keySet()) {
            double value = expected.get(number).getAsDouble();
            assertEquals(value, number(out, number), 2e-5 * (1 + Math.abs(value)), number);
        }
    }

    private static List<String> names(String out) {
        return out.lines().map(line -> line.split(" ", 2)[0]).toList();
    }

    private static double number(String out, String name) {
        return out.lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToDouble(line -> Double.parseDouble(line.split(" ", 2)[1]))
                .findFirst()
                .orElseThrow();
    }

    private Path llama() throws IOException {
        return TaskFiles.base(folder, "cases/llama-rslora");
    }

    private static String prompts(int from, int to) {
        StringBuilder lines = new StringBuilder();
        for (int i = from; i < to; i++) {
            String word = "abcdefghijklmnopqrstuvw".substring(i, i + 4);
            lines.append("{\"prompt\": \"" + word + "\", \"completion\": \"" + word + "\"}\n");
        }
        return lines.toString();
    }

    private CliRun train(Path model, String output, Object... more) {
        List<Object> args = TaskFiles.train(model, folder.resolve(output), "--batch-size", 2);
        args.addAll(Arrays.asList(more));
        return CliRun.of(args.toArray());
    }

    private byte[] adapter(String name) throws IOException {
        return Files.readAllBytes(folder.resolve(name).resolve(ADAPTER));
    }

    @Test
    void theBestAdapter_isWritten_andItsNumbersAreThoseOfEvaluate() throws IOException {
        Path model = llama();
        Path data = Files.writeString(folder.resolve("a.jsonl"), prompts(0, 6));
        Path held = Files.writeString(folder.resolve("b.jsonl"), prompts(8, 11));
        Object[] options = {
            "--data",
            data,
            "--eval-data",
            held,
            "--eval-every",
            3,
            "--steps",
            14,
            "--learning-rate",
            "1.0",
            "--seed",
            3
        };
        CliRun best = train(model, "best", options).succeeded();
        Path csv = folder.resolve("best/evaluation.csv");
        assertEquals("step,loss,perplexity,token_accuracy", Files.readAllLines(csv).get(0));
        float[] steps = Cases.column(csv, "step");
        assertArrayEquals(new float[] {3, 6, 9, 12, 14}, steps);
        float[] losses = Cases.column(csv, "loss");
        int least = 0;
        for (int i = 1; i < losses.length; i++) {
            least = losses[i] < losses[least] ? i : least;
        }
        assertTrue(least < 4, "the last one is the best: choose another rate for this test");
        String kept = "the adapter is that after step " + (int) steps[least];
        assertTrue(best.err().contains(kept), best.err());
        String out =
                CliRun.of(
                                "evaluate",
                                "--model",
                                model,
                                "--adapter",
                                folder.resolve("best"),
                                "--batch-size",
                                2,
                                "--data",
                                held)
                        .succeeded()
                        .out();
        assertEquals(losses[least], number(out, "loss"), 1e-6 * losses[least]);

        Object[] last = Arrays.copyOf(options, options.length + 2);
        last[options.length] = "--keep";
        last[options.length + 1] = "last";
        train(model, "last", last).succeeded();
        train(model, "plain", "--data", data, "--steps", 14, "--learning-rate", "1.0", "--seed", 3)
                .succeeded();
        assertArrayEquals(adapter("plain"), adapter("last")); // measuring changes nothing
        assertTrue(!Arrays.equals(adapter("best"), adapter("last")));
    }

    @Test
    void patience_endsTheTraining_alsoOneThatGoesOn() throws IOException {
        Path model = llama();
        Path data = Files.writeString(folder.resolve("a.jsonl"), prompts(0, 6));
        Object[] options = {
            "--data",
            data,
            "--eval-fraction",
            "0.4",
            "--eval-every",
            1,
            "--steps",
            60,
            "--learning-rate",
            "0.5",
            "--early-stopping-patience",
            3,
            "--checkpoint-every",
            2,
            "--keep-checkpoints",
            100
        };
        CliRun run = train(model, "whole", options).succeeded();
        assertTrue(run.err().contains("ended early: 3 evaluations"), run.err());
        int rows = Cases.column(folder.resolve("whole/evaluation.csv"), "step").length;
        assertTrue(rows < 60, "" + rows);
        Object[] resumed = Arrays.copyOf(options, options.length + 2);
        resumed[options.length] = "--resume";
        for (int from : new int[] {2, rows / 2 * 2}) { // the last one may be at the very end
            String again = "again" + from;
            resumed[options.length + 1] = folder.resolve("whole.checkpoints/step-" + from);
            train(model, again, resumed).succeeded();
            assertArrayEquals(adapter("whole"), adapter(again));
            assertEquals(
                    Files.readString(folder.resolve("whole/evaluation.csv")),
                    Files.readString(folder.resolve(again + "/evaluation.csv")));
        }
    }

    @Test
    void theLastPartOfAText_isHeldOut() throws IOException {
        Path model = llama();
        Path text = Files.writeString(folder.resolve("t.txt"), "the quick brown fox ".repeat(20));
        Object[] options = {
            "--data", text, "--sequence-length", 12, "--steps", 2, "--eval-fraction"
        };
        Object[] fifth = Arrays.copyOf(options, options.length + 1);
        fifth[options.length] = "0.2";
        train(model, "a", fifth).succeeded();
        assertEquals(1, Cases.column(folder.resolve("a/evaluation.csv"), "loss").length);
        fifth[options.length] = "0.01";
        train(model, "b", fifth).refused("--eval-fraction 0.01 divides the text", "--eval-data");
        Path one = Files.writeString(folder.resolve("one.jsonl"), prompts(0, 1));
        train(model, "b", "--data", one, "--eval-fraction", "0.5")
                .refused("[DataEmpty]", "one.jsonl has one line");
    }

    @Test
    void optionsWithoutData_areRefused() throws IOException {
        Path data = Files.writeString(folder.resolve("a.jsonl"), prompts(0, 2));
        Path model = RESOURCES.resolve("cases/llama-rslora/base");
        for (String option : List.of("--eval-every", "--early-stopping-patience")) {
            train(model, "a", "--data", data, option, 2)
                    .refused(option + " needs data to measure on");
        }
        train(model, "a", "--data", data, "--keep", "last").refused("--keep needs data");
        train(model, "a", "--data", data, "--eval-fraction", "1.5")
                .refused("--eval-fraction is 1.5");
        train(model, "a", "--data", data, "--eval-fraction", "0.5", "--eval-data", data)
                .refused("--eval-data and --eval-fraction say the same");
    }
}
