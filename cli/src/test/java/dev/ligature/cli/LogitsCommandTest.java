package dev.ligature.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The expected numbers are those of Transformers and PEFT. */
final class LogitsCommandTest {
    @TempDir Path folder;

    static List<String> cases() throws IOException {
        return Cases.withLogits();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void logitsOfBaseAndAdapter_areThoseOfPeft(String name) throws IOException {
        Path expected = Cases.path(name, "expected.safetensors");
        Path base = folder.resolve("base.safetensors");
        Path adapter = folder.resolve("adapter.safetensors");
        String ids = Cases.inputIds(name);
        Path model = Cases.path(name, "base");

        CliRun.of("logits", "--model", model, "--input-ids", ids, "--output", base).succeeded();
        CliRun.of(
                        "logits",
                        "--model",
                        model,
                        "--adapter",
                        Cases.path(name, "adapter"),
                        "--input-ids",
                        ids,
                        "--output",
                        adapter)
                .succeeded();

        Cases.assertClose(
                Cases.tensor(expected, "base_logits"), Cases.tensor(base, "logits"), 1e-4);
        Cases.assertClose(
                Cases.tensor(expected, "adapter_logits"), Cases.tensor(adapter, "logits"), 1e-4);
        assertEquals("adapter.safetensors base.safetensors", Cases.list(folder));
    }

    @ParameterizedTest
    @ValueSource(strings = {"fp32", "bf16", "int8"})
    void weights_areHeldAsTheOptionSays(String weights) throws IOException {
        Path file = folder.resolve("logits.safetensors");
        CliRun.of(
                        "logits",
                        "--model",
                        Cases.path("llama-tied-embed", "base"),
                        "--adapter",
                        Cases.path("llama-tied-embed", "adapter"),
                        "--weights",
                        weights,
                        "--input-ids",
                        Cases.inputIds("llama-tied-embed"),
                        "--output",
                        file)
                .succeeded();
        float[] expected =
                Cases.tensor(
                        Cases.path("llama-tied-embed", "expected.safetensors"), "adapter_logits");
        float[] logits = Cases.tensor(file, "logits");
        double gap = 0;
        for (int i = 0; i < logits.length; i++) {
            gap = Math.max(gap, Math.abs(logits[i] - expected[i]));
        }
        assertEquals(weights.equals("fp32"), gap < 1e-4, "rounded: " + gap);
        assertTrue(gap < 0.5, "near: " + gap);
    }
}
