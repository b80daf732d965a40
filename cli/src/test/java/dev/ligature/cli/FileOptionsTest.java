package dev.ligature.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.checkpoint.SafetensorsWriter;
import dev.ligature.internal.diag.Message;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a file need not fit is said with options, and messages name them. */
final class FileOptionsTest {
    private static final String CASE = "llama-tied-both";
    private static final String TIED = "llama-tied-diverged";
    private static final String PAIR =
            "base_model.model.model.layers.0.mlp.down_proj.lora_A.weight";

    @TempDir Path folder;

    @Test
    void everyMethodThatAMessageNames_hasAnOption() {
        Set<String> named = new TreeSet<>();
        for (JavaClass type :
                new ClassFileImporter()
                        .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                        .importPackages("dev.ligature")) {
            if (type.isAssignableTo(Message.class) && type.isEnum()) {
                for (Object message : type.reflect().getEnumConstants()) {
                    Matcher method = Failure.METHOD.matcher(((Message) message).pattern());
                    method.results().forEach(found -> named.add(found.group()));
                }
            }
        }
        assertEquals(new TreeSet<>(Failure.OPTIONS.keySet()), named);

        String help =
                CliRun.of("logits", "--help").succeeded().out()
                        + CliRun.of("train", "--help").succeeded().out()
                        + CliRun.of("merge", "--help").succeeded().out();
        for (String option : Failure.OPTIONS.values()) {
            assertEquals(3, help.split("\n +" + option + "(?=[=\\s])", -1).length - 1, option);
        }
    }

    @Test
    void keysOfAnAdapterThatNothingUses_areNamedAndThenIgnored() throws IOException {
        Path adapter = adapter(CASE, tensors -> tensors.put("vision.x", tensors.get(PAIR)));
        logits("a", CASE, adapter).refused("[AdapterKeyUnknown]", "vision.x", "--adapter-ignore.");
        logits("b", CASE, adapter, "--adapter-ignore", "vision.*").succeeded();
        logits("c", CASE, Cases.path(CASE, "adapter")).succeeded();
        assertArrayEquals(result("c"), result("b"));
    }

    @Test
    void aModuleThatAnAdapterLacks_isNamedAndThenStartsAsNew() throws IOException {
        Path adapter = adapter(CASE, tensors -> tensors.remove(PAIR));
        logits("a", CASE, adapter)
                .refused("[AdapterTensorMissing]", PAIR, "--adapter-allow-missing.");
        logits("b", CASE, adapter, "--adapter-allow-missing", "model.layers.0.mlp.down_proj")
                .succeeded();
    }

    @Test
    void copiesOfATiedPairThatDiffer_areNamedAndThenChosen() throws IOException {
        Path adapter = Cases.path(TIED, "adapter");
        logits("a", TIED, adapter)
                .refused(
                        "[AdapterCopiesDiffer]",
                        "--adapter-prefer-copy-of; or,",
                        "with --adapter-untied.");
        logits("b", TIED, adapter, "--adapter-prefer-copy-of", "lm_head").succeeded();
        logits("c", TIED, adapter, "--adapter-prefer-copy-of", "model.embed_tokens").succeeded();
        assertFalse(java.util.Arrays.equals(result("b"), result("c")));
    }

    @Test
    void factorsOfOneReader_fillTheOthersWithAWarning_orAreReadAsTheyAre() throws IOException {
        Path readers = Path.of("..", "models", "src", "test", "resources", "readers");
        Path adapter = readers.resolve("gpt2-embedding").resolve("adapter");
        Path base = readers.resolveSibling("families").resolve("gpt2").resolve("base");
        CliRun filled = logits("a", base, "--adapter", adapter).succeeded();
        assertTrue(filled.err().contains("they are used for lm_head too"), filled.err());
        assertTrue(filled.err().contains("load it with --adapter-untied,"), filled.err());
        for (String format : List.of("--json", "")) {
            List<Object> inspect = new ArrayList<>(List.of("inspect", "--model", base));
            inspect.addAll(List.of("--adapter", adapter, format));
            inspect.remove("");
            String report = CliRun.of(inspect.toArray()).succeeded().out();
            assertTrue(report.contains("load it with --adapter-untied,"), report);
        }
        CliRun alone = logits("b", base, "--adapter", adapter, "--adapter-untied").succeeded();
        assertTrue(alone.err().contains("only transformer.wte gets a pair"), alone.err());
        assertFalse(Arrays.equals(result("a"), result("b")));
    }

    @Test
    void aWeightOfTheBaseThatDiffers_isNamedAndThenChosen() throws IOException {
        String norm = "base_model.model.model.norm.weight";
        try (NDManager manager = NDManager.newBaseManager()) {
            NDArray ones = manager.ones(new Shape(24)); // (d)
            Path adapter = adapter(CASE, tensors -> tensors.put(norm, ones));
            logits("a", CASE, adapter)
                    .refused(
                            "[AdapterBaseDiffers]", norm, "choose with --on-base-difference: 'fil");
            logits("b", CASE, adapter, "--on-base-difference", "keep").succeeded();
            logits("c", CASE, Cases.path(CASE, "adapter")).succeeded();
            assertArrayEquals(result("c"), result("b"));
            logits("d", CASE, adapter, "--on-base-difference", "file").succeeded();
            assertFalse(java.util.Arrays.equals(result("c"), result("d")));
            logits("e", CASE, adapter, "--on-base-difference", "both")
                    .refused("expected one of keep, file, fail but was 'both'");
        }
    }

    @Test
    void whatABaseHasTooMuchOrTooLittle_isNamedAndThenAllowed() throws IOException {
        String norm = "model.norm.weight";
        Path surplus = base(tensors -> tensors.put("model.x", tensors.get(norm)));
        logits("a", surplus).refused("[TensorsSurplus]", "model.x", "--model-ignore.");
        logits("b", surplus, "--model-ignore", "model.x,model.y").succeeded();
        Path lacking = base(tensors -> tensors.remove(norm));
        logits("a", lacking).refused("[TensorsMissing]", norm, "--model-allow-missing.");
        logits("c", lacking, "--model-allow-missing", norm).succeeded();
        Path twice =
                base(
                        tensors ->
                                tensors.put(
                                        "lm_head.weight",
                                        tensors.get("model.embed_tokens.weight").mul(2)));
        logits("untied", twice).succeeded(); // as Transformers does, with a warning
        logits("d", twice, "--model-prefer-copy-of", "model.embed_tokens.weight").succeeded();
        assertArrayEquals(result("b"), result("d"));
        logits("e", twice, "--model-prefer-copy-of", "lm_head.weight").succeeded();
        assertFalse(Arrays.equals(result("d"), result("e")));
        assertFalse(Arrays.equals(result("untied"), result("d")));
        assertFalse(Arrays.equals(result("untied"), result("e")));
    }

    @Test
    void whatIsLogged_namesTheOptionToo() throws Exception {
        Path twice =
                base(
                        tensors ->
                                tensors.put(
                                        "lm_head.weight",
                                        tensors.get("model.embed_tokens.weight").mul(2)));
        Path streams = Files.createDirectory(folder.resolve("streams"));
        CliRun run =
                ChildProcess.start(
                                streams,
                                "logits",
                                "--model",
                                twice,
                                "--input-ids",
                                "1,2",
                                "--output",
                                folder.resolve("l"))
                        .end()
                        .succeeded();
        assertTrue(run.err().contains("[TiedCopiesDiffer]"), run.err());
        assertTrue(run.err().contains("both in --model-prefer-copy-of."), run.err());
        assertFalse(run.err().contains("LoadOptions"), run.err());
    }

    @Test
    void theyHoldForMergingAndTrainingToo() throws IOException {
        Path adapter = adapter(CASE, tensors -> tensors.put("vision.x", tensors.get(PAIR)));
        Path base = base(tensors -> tensors.put("model.x", tensors.get("model.norm.weight")));
        CliRun.of(
                        "merge",
                        "--model",
                        base,
                        "--adapter",
                        adapter,
                        "--output",
                        folder.resolve("merged"),
                        "--model-ignore",
                        "model.x",
                        "--adapter-ignore",
                        "vision.x")
                .succeeded();
        CliRun.of(
                        "train",
                        "--model",
                        base,
                        "--init-adapter",
                        adapter,
                        "--token-ids",
                        Cases.batches(folder.resolve("ids"), 3, 1, 2, 4),
                        "--output",
                        folder.resolve("trained"),
                        "--model-ignore",
                        "model.x",
                        "--adapter-ignore",
                        "vision.x")
                .succeeded();
        assertTrue(Files.exists(folder.resolve("trained").resolve("metrics.csv")));
    }

    private Path adapter(String name, Consumer<Map<String, NDArray>> edit) throws IOException {
        return edited(Cases.path(name, "adapter"), "adapter_model.safetensors", edit);
    }

    private Path base(Consumer<Map<String, NDArray>> edit) throws IOException {
        return edited(Cases.path(CASE, "base"), "model.safetensors", edit);
    }

    private Path edited(Path from, String weights, Consumer<Map<String, NDArray>> edit)
            throws IOException {
        Path copy = Files.createTempDirectory(folder, "edited");
        try (var files = Files.list(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, copy.resolve(file.getFileName()));
            }
        }
        Map<String, NDArray> tensors = new HashMap<>();
        try (SafetensorsReader reader = SafetensorsReader.open(from.resolve(weights));
                NDManager manager = NDManager.newBaseManager()) {
            for (String name : reader.tensors().keySet()) {
                tensors.put(name, reader.read(name, manager));
            }
            edit.accept(tensors);
            Files.delete(copy.resolve(weights));
            SafetensorsWriter.write(copy.resolve(weights), tensors, Map.of("format", "pt"));
        }
        return copy;
    }

    private CliRun logits(String output, Path base, Object... more) throws IOException {
        List<Object> args =
                new ArrayList<>(
                        List.of(
                                "logits",
                                "--model",
                                base,
                                "--input-ids",
                                "1,2,3",
                                "--output",
                                folder.resolve(output)));
        args.addAll(List.of(more));
        return CliRun.of(args.toArray());
    }

    private CliRun logits(String output, String name, Path adapter, Object... more)
            throws IOException {
        List<Object> args = new ArrayList<>(List.of("--adapter", adapter));
        args.addAll(List.of(more));
        return logits(output, Cases.path(name, "base"), args.toArray());
    }

    private float[] result(String output) throws IOException {
        return Cases.tensor(folder.resolve(output), "logits");
    }
}
