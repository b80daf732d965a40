package dev.ligature.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.ligature.checkpoint.SafetensorsReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class TrainCommandTest {
    private static final Path BASE = Cases.path("train-tied-adamw", "base");

    @TempDir Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"train-tied-adamw", "train-tied-sgd-clip"})
    void lossesGradientNormsAndFactors_areThoseOfTorch(String name) throws IOException {
        JsonObject settings =
                JsonParser.parseString(Files.readString(Cases.path(name, "train.json")))
                        .getAsJsonObject();
        Path expected = Cases.path(name, "train.safetensors");
        Path output = folder.resolve("adapter");
        List<Object> args =
                TaskFiles.train(
                        Cases.path(name, "base"),
                        output,
                        "--init-adapter",
                        Cases.path(name, "init"),
                        "--token-ids",
                        expected,
                        "--optimizer",
                        settings.get("optimizer").getAsString(),
                        "--learning-rate",
                        settings.get("lr").getAsString(),
                        "--weight-decay",
                        settings.get("weight_decay").getAsString());
        if (!settings.get("max_grad_norm").isJsonNull()) {
            args.addAll(List.of("--max-grad-norm", settings.get("max_grad_norm").getAsString()));
        }

        CliRun.of(args.toArray()).succeeded();

        Path csv = output.resolve("metrics.csv");
        assertEquals(
                "step,loss,grad_norm,learning_rate,tokens_per_second,resident_bytes",
                Files.readAllLines(csv).get(0));
        Cases.assertClose(numbers(settings, "losses"), Cases.column(csv, "loss"), 1e-5);
        Cases.assertClose(numbers(settings, "grad_norms"), Cases.column(csv, "grad_norm"), 1e-5);
        assertFactors(expected, output.resolve("adapter_model.safetensors"));
        assertEquals(
                "adapter_config.json adapter_model.safetensors metrics.csv report.html"
                        + " training.json",
                Cases.list(output));
        assertEquals("adapter", Cases.list(folder));
    }

    @Test
    void whatIsReplaced_isNamedByOptions() throws IOException {
        Path base = Cases.path("train-tokens-biases", "base");
        Path output = folder.resolve("adapter");
        Path tokens = Cases.path("train-tokens-biases", "train.safetensors");
        Object[] args = {
            "train",
            "--model",
            base,
            "--token-ids",
            tokens,
            "--output",
            output,
            "--bias",
            "all",
            "--modules-to-save",
            "model.norm",
            "--trainable-token-indices",
            "3,5"
        };
        CliRun.of(args).succeeded();
        String json =
                CliRun.of("inspect", "--model", base, "--adapter", output, "--json")
                        .succeeded()
                        .out();
        assertTrue(json.contains("\"model.norm.weight\""), json);
        assertTrue(json.contains("\"model.layers.0.self_attn.q_proj.bias\""), json);
        assertTrue(json.replaceAll("\\s", "").contains("\"indices\":[3,5]"), json);
        Object[] wrong = args.clone();
        wrong[6] = folder.resolve("other");
        wrong[8] = "some";
        CliRun.of(wrong).refused("--bias is 'some'", "lora_only");
    }

    @Test
    void flags_makeAConfigurationThatPeftKnows() throws IOException {
        Path output = folder.resolve("adapter");
        CliRun.of(
                        TaskFiles.train(
                                        BASE,
                                        output,
                                        "--token-ids",
                                        Cases.batches(folder.resolve("b.safetensors"), 5, 2, 1, 3),
                                        "--r",
                                        3,
                                        "--lora-alpha",
                                        6,
                                        "--lora-dropout",
                                        0.1,
                                        "--target-modules",
                                        "q_proj,lm_head",
                                        "--ensure-weight-tying")
                                .toArray())
                .succeeded();

        JsonObject config =
                JsonParser.parseString(Files.readString(output.resolve("adapter_config.json")))
                        .getAsJsonObject();
        assertEquals(3, config.get("r").getAsInt());
        assertEquals(6, config.get("lora_alpha").getAsDouble());
        assertEquals(0.1, config.get("lora_dropout").getAsDouble());
        assertTrue(config.get("ensure_weight_tying").getAsBoolean());
        assertEquals("CAUSAL_LM", config.get("task_type").getAsString());
        assertEquals(BASE.toString(), config.get("base_model_name_or_path").getAsString());
        assertEquals(2, Cases.column(output.resolve("metrics.csv"), "loss").length);
    }

    @Test
    void optionsReplaceWhatAFileSays_andANoteNamesThem() throws IOException {
        Path file =
                Files.writeString(
                        folder.resolve("c.json"),
                        "{\"peft_type\": \"LORA\", \"r\": 2, \"lora_alpha\": 5, \"use_dora\": true,"
                                + " \"target_modules\": [\"k_proj\"]}");
        Path output = folder.resolve("adapter");
        String expression = ".*layers\\.[1]\\..*\\.(q|v)_proj";
        CliRun run =
                CliRun.of(
                                TaskFiles.train(
                                                BASE,
                                                output,
                                                "--token-ids",
                                                Cases.batches(
                                                        folder.resolve("b.safetensors"),
                                                        5,
                                                        2,
                                                        1,
                                                        3),
                                                "--adapter-config",
                                                file,
                                                "--r",
                                                3,
                                                "--target-modules",
                                                expression)
                                        .toArray())
                        .succeeded();
        assertTrue(run.err().contains("--r, --target-modules: used in place of"), run.err());
        JsonObject config =
                JsonParser.parseString(Files.readString(output.resolve("adapter_config.json")))
                        .getAsJsonObject();
        assertEquals(3, config.get("r").getAsInt());
        assertEquals(5, config.get("lora_alpha").getAsDouble());
        assertTrue(config.get("use_dora").getAsBoolean());
        assertEquals(expression, config.get("target_modules").getAsString());
        List<String> tensors;
        try (SafetensorsReader reader =
                SafetensorsReader.open(output.resolve("adapter_model.safetensors"))) {
            tensors = List.copyOf(reader.tensors().keySet());
        }
        assertEquals(6, tensors.size(), tensors.toString()); // A, B and lengths of q and v
        assertTrue(tensors.stream().allMatch(t -> t.contains("layers.1.")), tensors.toString());
    }

    @Test
    void startAndScalingAndDora_areThoseOfTheOptions() throws IOException {
        Path output = folder.resolve("adapter");
        CliRun.of(
                        TaskFiles.train(
                                        BASE,
                                        output,
                                        "--token-ids",
                                        Cases.batches(folder.resolve("b.safetensors"), 5, 2, 1, 3),
                                        "--r",
                                        2,
                                        "--init-lora-weights",
                                        "olora",
                                        "--use-rslora",
                                        "--use-dora")
                                .toArray())
                .succeeded();

        JsonObject config =
                JsonParser.parseString(Files.readString(output.resolve("adapter_config.json")))
                        .getAsJsonObject();
        assertTrue(config.get("use_rslora").getAsBoolean());
        assertTrue(config.get("use_dora").getAsBoolean());
        // OLoRA is saved as plain LoRA of twice the rank.
        assertEquals(4, config.get("r").getAsInt());
        assertTrue(config.get("init_lora_weights").getAsBoolean());
    }

    @Test
    void theSameSeed_trainsTheSameAdapter() throws IOException {
        Path batches = Cases.batches(folder.resolve("b.safetensors"), 5, 3, 2, 4);
        float[] first = trainedB(batches, "a", 1);
        float[] again = trainedB(batches, "b", 1);
        float[] other = trainedB(batches, "c", 2);

        Cases.assertClose(first, again, 0);
        assertTrue(!java.util.Arrays.equals(first, other));
    }

    private float[] trainedB(Path batches, String name, int seed) throws IOException {
        Path output = folder.resolve(name);
        CliRun.of(
                        TaskFiles.train(
                                        BASE,
                                        output,
                                        "--token-ids",
                                        batches,
                                        "--lora-dropout",
                                        0.2,
                                        "--seed",
                                        seed)
                                .toArray())
                .succeeded();
        return Cases.tensor(
                output.resolve("adapter_model.safetensors"),
                "base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight");
    }

    private static void assertFactors(Path expected, Path adapter) throws IOException {
        List<String> names;
        try (SafetensorsReader reader = SafetensorsReader.open(expected)) {
            names = reader.tensors().keySet().stream().filter(n -> n.startsWith("final.")).toList();
        }
        assertTrue(names.size() > 4, names.toString());
        for (String name : names) {
            String key = "base_model.model." + name.substring("final.".length());
            boolean embedding = name.contains("embed_tokens");
            // PEFT's embedding factors are the transposed ones of the other kind.
            float[] actual =
                    embedding
                            ? Cases.transposed(
                                    adapter,
                                    name.endsWith("_A")
                                            ? key.replace("lora_A", "lora_embedding_B")
                                            : key.replace("lora_B", "lora_embedding_A"))
                            : Cases.tensor(adapter, key + ".weight");
            Cases.assertClose(Cases.tensor(expected, name), actual, 1e-5);
        }
    }

    private static float[] numbers(JsonObject settings, String name) {
        JsonArray array = settings.getAsJsonArray(name);
        float[] numbers = new float[array.size()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = array.get(i).getAsFloat();
        }
        return numbers;
    }
}
