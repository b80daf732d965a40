package dev.ligature.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import dev.ligature.checkpoint.SafetensorsReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The commands on encoders; the expected numbers are those of Transformers and PEFT. */
final class EncoderCommandsTest {
    private static final Path RESOURCES = Path.of("..", "models", "src", "test", "resources");
    private static final Path ENCODERS = RESOURCES.resolve("encoders");

    @TempDir Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"bert-mlm", "bert-mlm-tied", "bert-sequence", "bert-token"})
    void logits_areThoseOfPeft(String name) throws IOException {
        Path output = folder.resolve("logits.safetensors");
        CliRun.of(
                        "logits",
                        "--model",
                        base(name),
                        "--adapter",
                        adapter(name),
                        "--input-ids",
                        ids(name, 0),
                        "--output",
                        output)
                .succeeded();
        // The first text of each case is as long as its batch.
        Cases.assertClose(expected(name, 0), Cases.tensor(output, "logits"), 1e-4);
    }

    @Test
    void embeddings_areTheMeanOfEachText_batchedOrAlone() throws IOException {
        Path output = folder.resolve("embeddings.safetensors");
        String all = ids("bert-model", 0) + ";" + ids("bert-model", 1) + ";" + ids("bert-model", 2);
        CliRun.of(
                        "embed",
                        "--model",
                        base("bert-model"),
                        "--adapter",
                        adapter("bert-model"),
                        "--input-ids",
                        all,
                        "--output",
                        output)
                .succeeded();
        float[] embeddings = Cases.tensor(output, "embeddings");
        int size = embeddings.length / 3;
        for (int row = 0; row < 3; row++) {
            float[] hidden = expected("bert-model", row);
            int tokens = ids("bert-model", row).split(",").length;
            float[] mean = new float[size];
            for (int i = 0; i < tokens * size; i++) {
                mean[i % size] += hidden[i] / tokens;
            }
            Cases.assertClose(
                    mean, Arrays.copyOfRange(embeddings, row * size, (row + 1) * size), 1e-4);
        }
    }

    @Test
    void aModelOutOfOnnx_embeds_andIsMergedWithItsPooling() throws IOException {
        Path model = folder.resolve("model");
        Path tokenizer = Files.writeString(folder.resolve("tokenizer.json"), "{}");
        CliRun.of(
                        "import-onnx",
                        "--file",
                        RESOURCES.resolve("minilm/small.onnx"),
                        "--tokenizer",
                        tokenizer,
                        "--output",
                        model)
                .succeeded();
        Path merged = folder.resolve("merged");
        CliRun.of("merge", "--model", model, "--adapter", adapter("bert-model"), "--output", merged)
                .succeeded();
        Path one = folder.resolve("one.safetensors");
        Path two = folder.resolve("two.safetensors");
        String ids = ids("bert-model", 1);
        CliRun.of(
                        "embed",
                        "--model",
                        model,
                        "--adapter",
                        adapter("bert-model"),
                        "--input-ids",
                        ids,
                        "--output",
                        one)
                .succeeded();
        CliRun.of("embed", "--model", merged, "--input-ids", ids, "--output", two).succeeded();
        float[] embedding = Cases.tensor(one, "embeddings");
        Cases.assertClose(embedding, Cases.tensor(two, "embeddings"), 1e-4);
        double square = 0;
        for (float value : embedding) {
            square += value * value;
        }
        assertEquals(1, square, 1e-5);
    }

    @Test
    void inspect_showsTheTieOfTheDecoder() {
        CliRun shown = CliRun.of("inspect", "--model", base("bert-mlm")).succeeded();
        assertTrue(
                shown.out()
                        .lines()
                        .anyMatch(
                                line ->
                                        line.startsWith("cls.predictions.decoder ")
                                                && line.contains("output_head")
                                                && line.contains("word_embeddings")),
                shown.out());
        CliRun.of("inspect", "--model", base("bert-sequence"), "--declared").succeeded();
    }

    @Test
    void whatAnEncoderDoesNotDo_isRefused() {
        Path output = folder.resolve("out");
        Path model = base("bert-model");
        CliRun.of("logits", "--model", model, "--input-ids", "5,6", "--output", output)
                .refused("has no head, so it has no logits. Use ligature embed.");
        CliRun.of("embed", "--model", base("bert-token"), "--input-ids", "5", "--output", output)
                .refused("[NotEmbedding]", "is a classifier of tokens");
        CliRun.of("serve", "--model", base("bert-mlm"), "--adapters", ENCODERS, "--port", "0")
                .refused("[NotDecoder]", "is not a causal language model");
        CliRun.of("generate", "--model", model, "--prompt", "a").refused("[NotDecoder]");
        CliRun.of(
                        "train",
                        "--model",
                        base("bert-mlm"),
                        "--data",
                        "x.txt",
                        "--output",
                        output,
                        "--task",
                        "causal")
                .refused("[TrainTask]", "is a masked language model", "Use the task masked");
        CliRun.of(
                        "logits",
                        "--model",
                        base("bert-mlm"),
                        "--adapter",
                        adapter("bert-token"),
                        "--input-ids",
                        "5,6",
                        "--output",
                        output)
                .refused("[AdapterTask]", "TOKEN_CLS", "is a masked language model");
        CliRun.of("embed", "--model", model, "--output", output).refused("--input-ids");
    }

    private static Path base(String name) {
        return ENCODERS.resolve(name).resolve("base");
    }

    private static Path adapter(String name) {
        return ENCODERS.resolve(name).resolve("adapter");
    }

    /** Returns the token ids of a text, without padding. */
    private static String ids(String name, int row) throws IOException {
        try (SafetensorsReader file = reader(name);
                NDManager manager = NDManager.newBaseManager()) {
            long length = file.read("attention_mask", manager).get(row).sum().getLong();
            long[] ids = file.read("input_ids", manager).get(row).toLongArray();
            return Arrays.stream(ids)
                    .limit(length)
                    .mapToObj(Long::toString)
                    .collect(Collectors.joining(","));
        }
    }

    /** Returns what a text gives where all tokens are of type 0. */
    private static float[] expected(String name, int row) throws IOException {
        try (SafetensorsReader file = reader(name);
                NDManager manager = NDManager.newBaseManager();
                NDArray all = file.read("untyped", manager)) {
            return all.get(new NDIndex("{}", row)).toFloatArray();
        }
    }

    private static SafetensorsReader reader(String name) throws IOException {
        return SafetensorsReader.open(ENCODERS.resolve(name).resolve("expected.safetensors"));
    }
}
