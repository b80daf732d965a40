package dev.ligature.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.ligature.checkpoint.SafetensorsReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The commands on T5; the expected numbers and tokens are those of Transformers. */
final class EncoderDecoderCommandsTest {
    private static final Path T5 = Path.of("..", "models", "src", "test", "resources", "t5");
    private static final Path CASE = T5.resolve("gated");

    @TempDir Path folder;

    @Test
    void logits_areThoseOfTransformers() throws IOException {
        Path output = folder.resolve("logits.safetensors");
        logits(CASE.resolve("base"), output, "--decoder-input-ids", row("decoder_input_ids"))
                .succeeded();
        float[] all = Cases.tensor(CASE.resolve("expected.safetensors"), "adapter_logits");
        // The first text is as long as the batch.
        float[] first = Arrays.copyOf(all, all.length / 3);
        Cases.assertClose(first, Cases.tensor(output, "logits"), 1e-4);
    }

    /** T5 says by the tie whether its decoder's output is scaled, unless it says so itself. */
    @ParameterizedTest
    @ValueSource(strings = {"relu", "gated", "resaved"})
    void aMergedModel_whoseHeadIsUntied_computesTheSame(String name) throws IOException {
        Path merged = folder.resolve("merged");
        List<Object> arguments =
                new ArrayList<>(
                        List.of(
                                "merge",
                                "--model",
                                T5.resolve(name).resolve("base"),
                                "--adapter",
                                T5.resolve(name).resolve("adapter"),
                                "--output",
                                merged));
        if (!name.equals("gated")) { // whose head is untied in the file
            arguments.add("--untie-base");
        }
        CliRun.of(arguments.toArray()).succeeded();
        Path output = folder.resolve("logits.safetensors");
        CliRun.of(
                        "logits",
                        "--model",
                        merged,
                        "--input-ids",
                        row(name, "input_ids"),
                        "--decoder-input-ids",
                        row(name, "decoder_input_ids"),
                        "--output",
                        output)
                .succeeded();
        Path expected = T5.resolve(name).resolve("expected.safetensors");
        float[] all = Cases.tensor(expected, "adapter_logits");
        Cases.assertClose(Arrays.copyOf(all, all.length / 3), Cases.tensor(output, "logits"), 1e-4);
    }

    @Test
    void generate_writesTheAnswer() throws IOException {
        Path base = withTokenizer();
        CliRun run =
                CliRun.of(
                        "generate",
                        "--model",
                        base,
                        "--adapter",
                        CASE.resolve("adapter"),
                        "--prompt",
                        words(row("input_ids")),
                        "--max-new-tokens",
                        "16");
        run.succeeded();
        String answer =
                Arrays.stream(row("generated").split(","))
                        .skip(1)
                        .takeWhile(id -> !id.equals("1"))
                        .collect(Collectors.joining(","));
        assertEquals(words(answer), run.out().strip());
    }

    @Test
    void decoderIds_thatDoNotFit_areRefused() {
        Path output = folder.resolve("logits.safetensors");
        Path base = CASE.resolve("base");
        logits(base, output, "--decoder-input-ids", "0,1;0,2")
                .refused("--decoder-input-ids has 2 rows and --input-ids 1");
        logits(base, output, "--decoder-input-ids", "0,x").refused("--decoder-input-ids has 'x'");
        logits(base, output, "--decoder-input-ids", "0,59").refused("--decoder-input-ids", "59");
        CliRun.of(
                        "logits",
                        "--model",
                        Cases.path("llama-tied-embed", "base"),
                        "--input-ids",
                        "1,2",
                        "--decoder-input-ids",
                        "0",
                        "--output",
                        output)
                .refused("--decoder-input-ids is for an encoder-decoder", "causal");
    }

    private CliRun logits(Path base, Path output, String... more) {
        Object[] all =
                Stream.concat(
                                Stream.of(
                                        "logits",
                                        "--model",
                                        base,
                                        "--adapter",
                                        CASE.resolve("adapter"),
                                        "--input-ids",
                                        row("input_ids"),
                                        "--output",
                                        output),
                                Stream.of(more))
                        .toArray();
        return CliRun.of(all);
    }

    /** Returns the first row of a tensor of ids, separated by commas. */
    private static String row(String tensor) {
        return row("gated", tensor);
    }

    private static String row(String name, String tensor) {
        try (NDManager manager = NDManager.newBaseManager();
                SafetensorsReader reader =
                        SafetensorsReader.open(T5.resolve(name).resolve("expected.safetensors"));
                NDArray ids = reader.read(tensor, manager)) {
            return LongStream.of(ids.get(0).toLongArray())
                    .mapToObj(Long::toString)
                    .collect(Collectors.joining(","));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static String words(String ids) {
        return Arrays.stream(ids.split(",")).map(id -> "w" + id).collect(Collectors.joining(" "));
    }

    /** Copies the base, with a tokenizer that has a word for each token: w0, w1, … */
    private Path withTokenizer() throws IOException {
        Path base = Files.createDirectory(folder.resolve("base"));
        for (String file : new String[] {"config.json", "model.safetensors"}) {
            Files.copy(CASE.resolve("base").resolve(file), base.resolve(file));
        }
        String vocabulary =
                IntStream.range(0, 59)
                        .mapToObj(id -> "\"w" + id + "\": " + id)
                        .collect(Collectors.joining(", "));
        Files.writeString(
                base.resolve("tokenizer.json"),
                """
                {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
                 "normalizer": null, "pre_tokenizer": {"type": "WhitespaceSplit"},
                 "post_processor": null, "decoder": null,
                 "model": {"type": "WordLevel", "unk_token": "w2", "vocab": {%s}}}
                """
                        .formatted(vocabulary));
        return base;
    }
}
