package dev.ligature.internal.peft;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.ligature.checkpoint.AdapterConfigJson;
import dev.ligature.checkpoint.AdapterLoadOptions;
import dev.ligature.checkpoint.LlamaLayout;
import dev.ligature.checkpoint.Refusal;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.checkpoint.SafetensorsWriter;
import dev.ligature.checkpoint.TestFiles;
import dev.ligature.config.LoraConfig;
import dev.ligature.internal.resolve.PlanResolver;
import dev.ligature.plan.LoraPlan;
import dev.ligature.plan.ModelLayout;
import dev.ligature.plan.PairPlan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Adapters that PEFT saved; the deltas are what PEFT computes from them. */
class AdapterReadTest {
    private static final String HEAD = "base_model.model.lm_head.";
    private static final String EMBEDDING = "base_model.model.model.embed_tokens.";
    private static final String PREFIX = "base_model.model.";
    private static final String QUERY = "base_model.model.model.layers.1.self_attn.q_proj.";

    private NDManager manager;
    @TempDir private Path directory;

    @BeforeEach
    void open() {
        manager = NDManager.newBaseManager();
    }

    @AfterEach
    void close() {
        manager.close();
    }

    @Test
    void aTiedAdapter_givesPeftsDeltasForEveryReader() throws IOException {
        Map<PairPlan, Factors> pairs = read(adapter("tied"), LlamaLayout.tied());
        assertEquals(3, pairs.size());
        assertDeltas(pairs, "tied", 4);
    }

    @Test
    void withTheFlagOff_embeddingAndHeadHavePairsOfTheirOwn() throws IOException {
        Map<PairPlan, Factors> pairs = read(adapter("flag-off"), LlamaLayout.tied());
        assertEquals(2, pairs.size());
        assertDeltas(pairs, "flag-off", 2);
    }

    @Test
    void bfloat16Factors_areWidened() throws IOException {
        Map<PairPlan, Factors> pairs = read(adapter("bf16"), LlamaLayout.tied());
        Factors factors = pairs.values().iterator().next();
        assertEquals(DataType.FLOAT32, factors.a().getDataType());
        assertEquals(new Shape(3, 16), factors.a().getShape());
        for (float value : factors.b().toFloatArray()) {
            assertEquals(0, Float.floatToRawIntBits(value) & 0xFFFF);
        }
    }

    @Test
    void onAFloat64Base_factorsAreFloat64() throws IOException {
        Factors wide =
                read(adapter("tied"), LlamaLayout.tied(DataType.FLOAT64))
                        .values()
                        .iterator()
                        .next();
        Factors single = read(adapter("tied"), LlamaLayout.tied()).values().iterator().next();
        assertEquals(DataType.FLOAT64, wide.a().getDataType());
        assertArrayEquals(
                single.b().toType(DataType.FLOAT64, true).toDoubleArray(),
                wide.b().toDoubleArray());
    }

    @Test
    void differingCopies_areRefusedWithBothKeysAndTheDifference() throws IOException {
        Refusal.of(
                "AdapterCopiesDiffer",
                () -> read(adapter("diverged"), LlamaLayout.tied()),
                EMBEDDING + "lora_embedding_A",
                HEAD + "lora_B.weight",
                "differ by up to 0.25",
                "AdapterLoadOptions.preferCopyOf",
                "AdapterLoadOptions.untied");
    }

    @Test
    void oneCopyOfATiedPair_isEnough() throws IOException {
        Map<PairPlan, Factors> all = read(adapter("tied"), LlamaLayout.tied());
        for (String gone : List.of(HEAD, EMBEDDING)) {
            Path adapter = changed("tied", tensors -> without(tensors, gone));
            Map<PairPlan, Factors> pairs = read(adapter, LlamaLayout.tied());
            assertEquals(all.keySet(), pairs.keySet());
            assertDeltas(pairs, "tied", 4);
        }
    }

    @Test
    void keysWithoutPeftsPrefix_areAccepted_ifAllLackIt() throws IOException {
        Path adapter =
                changed(
                        "tied",
                        tensors -> {
                            Map<String, NDArray> renamed = new TreeMap<>();
                            tensors.forEach(
                                    (key, array) ->
                                            renamed.put(
                                                    key.replace("base_model.model.", ""), array));
                            return renamed;
                        });
        assertDeltas(read(adapter, LlamaLayout.tied()), "tied", 4);

        String key = QUERY + "lora_B.weight";
        Path mixed =
                changed(
                        "tied",
                        tensors -> {
                            tensors.put(key.replace("base_model.model.", ""), tensors.remove(key));
                            return tensors;
                        });
        Refusal.of(
                "AdapterKeyUnknown",
                () -> read(mixed, LlamaLayout.tied()),
                "'"
                        + key.replace("base_model.model.", "")
                        + "' (the other keys begin with base_model.model.)");
    }

    @Test
    void halfAPair_isAMissingTensor() throws IOException {
        Path adapter = changed("tied", tensors -> without(tensors, QUERY + "lora_B"));
        Refusal.of(
                "AdapterTensorMissing",
                () -> read(adapter, LlamaLayout.tied()),
                QUERY + "lora_B.weight");
        Path half = changed("tied", tensors -> without(tensors, HEAD + "lora_B"));
        Refusal.of(
                "AdapterTensorMissing",
                () -> read(half, LlamaLayout.tied()),
                HEAD + "lora_B.weight");
    }

    @Test
    void anAdapterOfAnotherBase_isRefusedByItsShapes() throws IOException {
        Path adapter =
                changed(
                        "tied",
                        tensors -> {
                            tensors.put(QUERY + "lora_A.weight", manager.zeros(new Shape(3, 17)));
                            return tensors;
                        });
        Refusal.of(
                "AdapterShape",
                () -> read(adapter, LlamaLayout.tied()),
                QUERY + "lora_A.weight' is (3, 17) instead of (3, 16)",
                "r is 3");
    }

    @Test
    @Tag("D22")
    void aTiedAdapterOnAnUntiedBase_isRefusedBecauseTheHeadHasNoPair() throws IOException {
        Refusal.of(
                "AdapterKeyUnknown",
                () -> read(adapter("tied"), LlamaLayout.untied()),
                "lm_head.lora_A.weight",
                "adapts no module lm_head");
    }

    @Test
    void whatIsNotApplied_isRefusedByName() throws IOException {
        refusedKey(
                "AdapterKeyUnknown",
                "tokens",
                EMBEDDING + "token_adapter.trainable_tokens_delta",
                "token rows that trainable_token_indices does not name");
        refusedKey(
                "AdapterKeyUnknown",
                "saved-module",
                "base_model.model.model.norm.weight",
                "modules_to_save");
    }

    @Test
    void lengthsOfDora_areReadWhereTheConfigHasThem_andStrangeElsewhere() throws IOException {
        Map<PairPlan, Factors> pairs = read(adapter("dora"), LlamaLayout.tied());
        for (Map.Entry<PairPlan, Factors> entry : pairs.entrySet()) {
            NDArray lengths = Objects.requireNonNull(entry.getValue().magnitude());
            assertEquals(new Shape(entry.getKey().out()), lengths.getShape());
            assertNotEquals(0, lengths.getFloat(0)); // drawn at random, of any sign
        }
        Path without =
                changed(
                        "dora",
                        tensors -> {
                            tensors.remove(QUERY + "lora_magnitude_vector");
                            return tensors;
                        });
        Refusal.of(
                "AdapterTensorMissing",
                () -> read(without, LlamaLayout.tied()),
                QUERY + "lora_magnitude_vector");
        Path surplus =
                changed(
                        "tied",
                        tensors -> {
                            tensors.put(
                                    QUERY + "lora_magnitude_vector", manager.ones(new Shape(16)));
                            return tensors;
                        });
        Refusal.of(
                "AdapterKeyUnknown",
                () -> read(surplus, LlamaLayout.tied()),
                "by the config, or by its kind in the model");
    }

    @Test
    void theNameDefaultInKeys_isReadAsPeftDoes_andAnotherIsExplained() throws IOException {
        Path named =
                changed(
                        "tied",
                        tensors -> {
                            Map<String, NDArray> renamed = new TreeMap<>();
                            for (Map.Entry<String, NDArray> one : tensors.entrySet()) {
                                String key = one.getKey();
                                key = key.replaceAll("lora_([AB])\\.", "lora_$1.default.");
                                key = key.replaceAll("(embedding_[AB])$", "$1.default");
                                renamed.put(key, one.getValue());
                            }
                            return renamed;
                        });
        Map<PairPlan, Factors> expected = read(adapter("tied"), LlamaLayout.tied());
        Map<PairPlan, Factors> found = read(named, LlamaLayout.tied());
        for (Map.Entry<PairPlan, Factors> pair : found.entrySet()) {
            Factors same = Objects.requireNonNull(expected.get(pair.getKey()));
            assertArrayEquals(same.a().toFloatArray(), pair.getValue().a().toFloatArray());
            assertArrayEquals(same.b().toFloatArray(), pair.getValue().b().toFloatArray());
        }
        refusedWith(QUERY + "lora_A.other.weight", "save_pretrained");
    }

    @Test
    void keysOfOtherTools_areNamed() throws IOException {
        refusedWith(PREFIX + "_orig_mod.model.norm.lora_A.weight", "torch.compile");
        refusedWith(PREFIX + "module.model.norm.lora_A.weight", "DistributedDataParallel");
        refusedWith(PREFIX + "_fsdp_wrapped_module.model.norm.lora_A.weight", "FSDP");
        refusedWith(PREFIX + "lora_unet_mid_block.lora_down.weight", "kohya");
        refusedWith(PREFIX + "model.layers.0.self_attn.q_proj.lora_a", "mlx-lm");
        refusedWith(PREFIX + "decoder.layers.0.adapter.linear_in.weight", "Megatron");
        refusedWith("model.norm.lora_A.weight", "the other keys begin with");
        Path value = withKey("v_head.summary.weight");
        assertEquals(3, read(value, LlamaLayout.tied()).size());
        Path mlx = Files.createDirectory(directory.resolve("mlx"));
        Files.writeString(mlx.resolve("adapter_config.json"), "{\"fine_tune_type\": \"full\"}");
        Files.writeString(mlx.resolve("adapters.safetensors"), "");
        Refusal.of("AdapterOfMlx", () -> AdapterDirectory.open(mlx), "'full'", "mlx_lm.fuse");
    }

    private Path withKey(String key) throws IOException {
        return changed(
                "tied",
                tensors -> {
                    tensors.put(key, manager.zeros(new Shape(3, 16)));
                    return tensors;
                });
    }

    private void refusedWith(String key, String what) throws IOException {
        Path adapter = withKey(key);
        Refusal.of(
                "AdapterKeyUnknown",
                () -> read(adapter, LlamaLayout.tied()),
                "'" + key + "'",
                what);
    }

    @Test
    void aFileThatIsMissingOrPickledOrLinked_isRefused() throws IOException {
        Path missing = directory.resolve("none");
        Refusal.of("CheckpointMissing", () -> AdapterDirectory.open(missing), "none");
        Path adapter = TestFiles.copy(adapter("tied"), directory.resolve("linked"));
        Path outside = directory.resolve("outside.safetensors");
        Files.move(adapter.resolve(AdapterDirectory.WEIGHTS), outside);
        Refusal.of("CheckpointMissing", () -> AdapterDirectory.open(adapter));
        Files.createSymbolicLink(adapter.resolve(AdapterDirectory.WEIGHTS), outside);
        Refusal.of("CheckpointLink", () -> AdapterDirectory.open(adapter), "outside");
        Files.delete(adapter.resolve(AdapterDirectory.WEIGHTS));
        Files.writeString(adapter.resolve("adapter_model.bin"), "x");
        Refusal.of(
                "CheckpointPickled",
                () -> AdapterDirectory.open(adapter),
                "safe_serialization=True");
    }

    @Test
    void aDirectoryOfAdaptersInFolders_isRefusedWithTheirNames() throws IOException {
        TestFiles.copy(adapter("tied"), directory.resolve("medical"));
        TestFiles.copy(adapter("flag-off"), directory.resolve("legal"));
        Files.createDirectory(directory.resolve("logs"));
        Refusal.of(
                "CheckpointMissing",
                () -> AdapterDirectory.open(directory),
                "but folders with one: legal, medical.",
                "such as " + directory.resolve("legal") + ".");
        assertEquals(3, read(directory.resolve("medical"), LlamaLayout.tied()).size());
        Refusal.of(
                "CheckpointMissing",
                () -> AdapterDirectory.open(directory.resolve("logs")),
                "Name the directory of a PEFT adapter");
    }

    @Test
    void anAdapterReplacedBetweenConfigAndFactors_isNotMixed() throws IOException {
        Path adapter = TestFiles.copy(adapter("tied"), directory.resolve("replaced"));
        AdapterDirectory opened = AdapterDirectory.open(adapter);
        LoraPlan plan = PlanResolver.resolveForLoading(opened.config(), LlamaLayout.tied());
        Path config = adapter.resolve(AdapterConfigJson.FILE_NAME);
        String text = Files.readString(config);
        Files.writeString(config, text.replace("\"lora_alpha\": 6", "\"lora_alpha\": 60"));
        Refusal.of(
                "CheckpointChanged",
                () -> BaseOfTests.read(opened, plan, LlamaLayout.tied(), manager),
                config.toString());
    }

    @Test
    void aRefusedAdapter_leavesNoArrays() throws IOException {
        int before = manager.getManagedArrays().size();
        Refusal.of("AdapterCopiesDiffer", () -> read(adapter("diverged"), LlamaLayout.tied()));
        assertEquals(before, manager.getManagedArrays().size());
    }

    private void refusedKey(String code, String name, String key, String reason) {
        // The config of such an adapter is refused too: here the file alone is looked at.
        LoraConfig config = LoraConfig.builder().setTargetModules("q_proj").optRank(3).build();
        LoraPlan plan = PlanResolver.resolve(config, LlamaLayout.tied());
        Refusal.of(
                code,
                () -> {
                    try (SafetensorsReader reader =
                            SafetensorsReader.open(
                                    adapter(name).resolve(AdapterDirectory.WEIGHTS))) {
                        AdapterTensors.match(
                                reader, plan, LlamaLayout.tied(), AdapterLoadOptions.defaults());
                    }
                },
                key,
                reason);
    }

    private Map<PairPlan, Factors> read(Path adapter, ModelLayout layout) throws IOException {
        AdapterDirectory opened = AdapterDirectory.open(adapter);
        return BaseOfTests.read(opened, opened.plan(layout), layout, manager).pairs();
    }

    private static Path adapter(String name) {
        return TestFiles.resource("checkpoint/adapters/" + name);
    }

    /** Returns a copy of an adapter with other tensors. */
    private Path changed(String name, UnaryOperator<Map<String, NDArray>> change)
            throws IOException {
        Path copy = TestFiles.copy(adapter(name), Files.createTempDirectory(directory, name));
        Path file = copy.resolve(AdapterDirectory.WEIGHTS);
        Map<String, NDArray> tensors = new TreeMap<>();
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            for (String key : reader.tensors().keySet()) {
                tensors.put(key, reader.read(key, manager));
            }
        }
        SafetensorsWriter.write(file, change.apply(tensors), Map.of("format", "pt"));
        return copy;
    }

    private static Map<String, NDArray> without(Map<String, NDArray> tensors, String prefix) {
        tensors.keySet().removeIf(key -> key.startsWith(prefix));
        return tensors;
    }

    private void assertDeltas(Map<PairPlan, Factors> pairs, String name, int count)
            throws IOException {
        int compared = 0;
        try (SafetensorsReader deltas =
                SafetensorsReader.open(
                        TestFiles.resource("checkpoint/adapter-" + name + "-deltas.safetensors"))) {
            for (Map.Entry<PairPlan, Factors> entry : pairs.entrySet()) {
                Factors factors = entry.getValue();
                float[] product = factors.b().matMul(factors.a()).toFloatArray(); // (out, in)
                for (PairPlan.Reader reader : entry.getKey().readers()) {
                    float[] delta = deltas.read(reader.module(), manager).toFloatArray();
                    assertEquals(delta.length, product.length);
                    for (int i = 0; i < delta.length; i++) {
                        assertEquals(delta[i], entry.getKey().scaling() * product[i], 1e-6);
                    }
                    compared++;
                }
            }
        }
        assertEquals(count, compared);
    }
}
