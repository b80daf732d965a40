package dev.ligature.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class PretrainCommandTest {
    private static final Path TOKENIZER =
            Path.of("..", "examples", "demo", "base", "tokenizer.json");

    @TempDir Path folder;

    @Test
    void aModel_learnsAndIsWrittenAsAHuggingFaceDirectory() throws IOException {
        Path output = folder.resolve("model");
        CliRun run =
                pretrain(
                                new StopSignal(),
                                output,
                                "--steps",
                                30,
                                "--save-every",
                                15,
                                "--dtype",
                                "bf16")
                        .succeeded();

        assertEquals(
                "config.json generation_config.json model.safetensors tokenizer.json"
                        + " tokenizer_config.json",
                Cases.list(output));
        assertEquals(
                "bfloat16",
                JsonParser.parseString(Files.readString(output.resolve("config.json")))
                        .getAsJsonObject()
                        .get("dtype")
                        .getAsString());
        List<Double> perplexities = perplexities(run.err());
        assertEquals(2, perplexities.size(), run.err());
        // A model that knows nothing has about the size of the vocabulary, 4096.
        assertTrue(perplexities.get(0) < 1024, run.err());
        assertTrue(perplexities.get(1) < perplexities.get(0), run.err());
        // V d + q, o: 2 d d, k, v: d d, mlp: 3 d 64, norms: 3 d
        long parameters = 4096 * 32 + 3 * 32 * 32 + 3 * 32 * 64 + 3 * 32;
        assertTrue(
                CliRun.of("inspect", "--model", output, "--json")
                        .succeeded()
                        .out()
                        .contains("\"parameters\": " + parameters));
        assertEquals("data model", Cases.list(folder));
    }

    @Test
    void aConfigFile_saysTheSizes() throws IOException {
        Path config = folder.resolve("sizes.json");
        Files.writeString(
                config,
                """
                {"model_type": "qwen2", "vocab_size": 4100, "hidden_size": 16, "intermediate_size": 8,
                 "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1}""");
        Path output = folder.resolve("model");
        CliRun.of(
                        "pretrain",
                        "--tokenizer",
                        TOKENIZER,
                        "--data",
                        data(),
                        "--output",
                        output,
                        "--config",
                        config,
                        "--steps",
                        1,
                        "--warmup-steps",
                        0,
                        "--sequence-length",
                        16)
                .succeeded();

        String json = Files.readString(output.resolve("config.json"));
        assertTrue(json.contains("\"qwen2\"") && json.contains("4100"), json);
    }

    @Test
    void aSignalBeforeTheFirstStep_leavesNothing() throws IOException {
        StopSignal stop = new StopSignal();
        stop.raise();
        CliRun run = pretrain(stop, folder.resolve("model"), "--steps", 5);

        assertEquals(130, run.exitCode());
        assertEquals("data", Cases.list(folder));
    }

    @Test
    void theTimeLimit_endsTheTrainingAndWritesTheModel() throws IOException {
        Path output = folder.resolve("model");
        CliRun run =
                pretrain(new StopSignal(), output, "--steps", 1_000_000, "--time-limit", 0.005)
                        .succeeded();

        Matcher done = Pattern.compile("after step (\\d+) ").matcher(run.err());
        assertTrue(done.find() && Integer.parseInt(done.group(1)) < 10_000, run.err());
        assertTrue(Files.exists(output.resolve("model.safetensors")));
    }

    private CliRun pretrain(StopSignal stop, Path output, Object... more) throws IOException {
        List<Object> args =
                new ArrayList<>(
                        List.of(
                                "pretrain",
                                "--tokenizer",
                                TOKENIZER,
                                "--data",
                                data(),
                                "--output",
                                output,
                                "--hidden-size",
                                32,
                                "--intermediate-size",
                                64,
                                "--layers",
                                1,
                                "--heads",
                                2,
                                "--kv-heads",
                                1,
                                "--sequence-length",
                                16,
                                "--warmup-steps",
                                2,
                                "--learning-rate",
                                0.01,
                                "--held-out-every",
                                2));
        Collections.addAll(args, more);
        return CliRun.with(stop, args.toArray());
    }

    /** Returns a folder of short texts, some of which are held out. */
    private Path data() throws IOException {
        Path data = Files.createDirectories(folder.resolve("data"));
        for (int i = 0; i < 12; i++) {
            Files.writeString(
                    data.resolve("Text" + i + ".java"),
                    "public final class Text"
                            + i
                            + " { public int number() { return "
                            + i
                            + "; } }\n");
        }
        return data;
    }

    private static List<Double> perplexities(String text) {
        return Pattern.compile("perplexity ([0-9.]+)")
                .matcher(text)
                .results()
                .map(result -> Double.parseDouble(result.group(1)))
                .toList();
    }
}
