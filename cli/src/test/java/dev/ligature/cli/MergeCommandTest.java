package dev.ligature.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class MergeCommandTest {
    @TempDir Path folder;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "llama-tied-both",
                "llama-tied-head",
                "llama-untied-both",
                "llama-patterns",
                "qwen2-tied-embed",
                "llama-modules-to-save-tied",
                "llama-modules-to-save-norm",
                "llama-modules-to-save-bias",
                "llama-trainable-tokens-tied",
                "llama-trainable-tokens-both",
                "llama-bias-all"
            })
    void theMergedCheckpoint_givesTheAdaptersLogits(String name) throws IOException {
        Path merged = folder.resolve("merged");
        CliRun run = merge(name, merged).succeeded();
        CliRun.of(
                        "logits",
                        "--model",
                        merged,
                        "--input-ids",
                        Cases.inputIds(name),
                        "--output",
                        folder.resolve("l"))
                .succeeded();

        assertTrue(run.out().contains("largest rounding step 0"), run.out());
        Cases.assertClose(
                Cases.tensor(Cases.path(name, "expected.safetensors"), "adapter_logits"),
                Cases.tensor(folder.resolve("l"), "logits"),
                1e-4);
    }

    @Test
    void aNarrowerDataType_roundsAndSaysHowFar() throws IOException {
        Path merged = folder.resolve("merged");
        CliRun run = merge("llama-tied-both", merged, "--dtype", "bfloat16").succeeded();

        assertTrue(
                run.out().matches("(?s).*largest rounding step 0\\.00.*, in model\\..*"),
                run.out());
        String json = CliRun.of("inspect", "--model", merged, "--json").succeeded().out();
        assertTrue(json.contains("\"parameters\": 10944"), json);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "llama-tied-flag-off",
                "llama-modules-to-save-flag-off",
                "llama-trainable-tokens-apart"
            })
    void aTiedWeightThatIsTreatedDifferently_isMergedOnceTheBaseIsUntied(String name)
            throws IOException {
        Path merged = folder.resolve("merged");
        merge(name, merged).refused("model.embed_tokens", "lm_head");
        assertEquals("", Cases.list(folder));

        merge(name, merged, "--untie-base").succeeded();
        String config = Files.readString(merged.resolve("config.json"));
        assertTrue(config.contains("\"tie_word_embeddings\": false"), config);
        CliRun.of(
                        "logits",
                        "--model",
                        merged,
                        "--input-ids",
                        Cases.inputIds(name),
                        "--output",
                        folder.resolve("l"))
                .succeeded();
        Cases.assertClose(
                Cases.tensor(Cases.path(name, "expected.safetensors"), "adapter_logits"),
                Cases.tensor(folder.resolve("l"), "logits"),
                1e-4);
    }

    private static CliRun merge(String name, Path output, Object... more) {
        Object[] args = {
            "merge",
            "--model",
            Cases.path(name, "base"),
            "--adapter",
            Cases.path(name, "adapter"),
            "--output",
            output
        };
        Object[] all = java.util.Arrays.copyOf(args, args.length + more.length);
        System.arraycopy(more, 0, all, args.length, more.length);
        return CliRun.of(all);
    }
}
