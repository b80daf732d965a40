package dev.ligature.internal.peft;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.ligature.checkpoint.AdapterLoadOptions;
import dev.ligature.checkpoint.BaseDifference;
import dev.ligature.checkpoint.LlamaLayout;
import dev.ligature.checkpoint.Refusal;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.checkpoint.SafetensorsWriter;
import dev.ligature.checkpoint.TestFiles;
import dev.ligature.plan.LoraPlan;
import dev.ligature.plan.PairPlan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What an adapter's file may lack, have besides or say twice, if it is named. */
class LenientReadTest {
    private static final String PREFIX = "base_model.model.";
    private static final String QUERY = PREFIX + "model.layers.1.self_attn.q_proj.";
    private static final AdapterLoadOptions STRICT =
            AdapterLoadOptions.defaults().onBaseDifference(BaseDifference.KEEP);
    private static final BaseWeights BASE = BaseOfTests.of(LlamaLayout.tied());

    private NDManager manager;
    private Path adapter;
    private final Map<String, NDArray> tensors = new TreeMap<>();
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
    void whereTheCopiesOfATiedPairDiffer_thatOfTheNamedModuleIsUsed() throws IOException {
        take("diverged");
        float[] head = floats(PREFIX + "lm_head.lora_B.weight"); // (V, r)
        NDArray stored =
                Objects.requireNonNull(
                        tensors.get(PREFIX + "model.embed_tokens.lora_embedding_A")); // (r, V)
        float[] embedding = stored.transpose().toFloatArray();
        assertEquals(head.length, embedding.length);
        assertArrayEquals(head, factorB("lm_head", STRICT.preferCopyOf("lm_head")));
        assertArrayEquals(embedding, factorB("lm_head", STRICT.preferCopyOf("*.embed_tokens")));
        Refusal.of("AdapterCopiesDiffer", () -> read(STRICT.preferCopyOf("model.layers.*")));
    }

    @Test
    void whatOtherCopiesLack_doesNotMatterIfOneIsNamed() throws IOException {
        take("tied");
        float[] head = factorB("lm_head", STRICT);
        String lacking = PREFIX + "model.embed_tokens.lora_embedding_A";
        tensors.remove(lacking);
        write();
        Refusal.of("AdapterTensorMissing", () -> read(STRICT), "has no " + lacking + ",");
        assertArrayEquals(head, factorB("lm_head", STRICT.preferCopyOf("lm_head")));
        Refusal.of("AdapterTensorMissing", () -> read(STRICT.preferCopyOf("*.embed_tokens")));
    }

    @Test
    void aTensorThatIsNamed_needsNoPlace() throws IOException {
        take("tied");
        tensors.put(PREFIX + "vision.proj.lora_A.weight", manager.ones(new Shape(3, 16)));
        tensors.put("note", manager.ones(new Shape(1)));
        write();
        assertEquals(3, read(STRICT.ignore("*.vision.*", "note")).pairs().size());
        Refusal.of(
                "AdapterKeyUnknown",
                () -> read(STRICT.ignore("note")),
                "vision.proj",
                "AdapterLoadOptions.ignore");
    }

    @Test
    void aPairThatIsNamed_mayBeMissing() throws IOException {
        take("tied");
        tensors.keySet().removeIf(key -> key.startsWith(QUERY));
        write();
        AdapterContents contents = read(STRICT.allowMissing("*.q_proj"));
        assertEquals(2, contents.pairs().size()); // that of layer 0 is there, and read
        Refusal.of(
                "AdapterTensorMissing",
                () -> read(STRICT.allowMissing("*.v_proj")),
                QUERY + "lora_A.weight",
                "AdapterLoadOptions.allowMissing");
    }

    @Test
    void ofAPairThatIsNamed_aHalfOrAnotherShapeCountsAsMissing() throws IOException {
        take("tied");
        tensors.remove(QUERY + "lora_B.weight");
        write();
        assertEquals(2, read(STRICT.allowMissing("*.q_proj")).pairs().size());
        tensors.put(QUERY + "lora_B.weight", manager.ones(new Shape(99, 3)));
        write();
        assertEquals(2, read(STRICT.allowMissing("*.q_proj")).pairs().size());
        Refusal.of(
                "AdapterShape",
                () -> read(STRICT),
                QUERY + "lora_B.weight",
                "AdapterLoadOptions.allowMissing");
    }

    @Test
    void ofAPairThatIsNamed_lengthsOfAnotherShapeCountAsMissing() throws IOException {
        take("dora");
        String lengths = QUERY + "lora_magnitude_vector";
        tensors.put(lengths, manager.ones(new Shape(99)));
        write();
        Refusal.of("AdapterShape", () -> read(STRICT), lengths);
        assertEquals(1, read(STRICT.allowMissing("*.q_proj")).pairs().size()); // layer 0's
    }

    @Test
    void aWholeTiedPairMayBeMissing_byTheNameOfOneOfItsModules() throws IOException {
        take("tied");
        tensors.keySet().removeIf(key -> key.contains("lm_head") || key.contains("embed_tokens"));
        write();
        assertEquals(2, read(STRICT.allowMissing("lm_head")).pairs().size());
        Refusal.of("AdapterTensorMissing", () -> read(STRICT), "embed_tokens");
    }

    @Test
    void strayWeightsOfTheBase_areNeverReadNorWritten() throws IOException {
        take("flag-off");
        assertEquals(
                2, tensors.keySet().stream().filter(key -> key.contains("base_layer")).count());
        AdapterDirectory opened = AdapterDirectory.open(adapter);
        LoraPlan plan = opened.plan(LlamaLayout.tied());
        Path out = directory.resolve("out");
        AdapterDirectory.write(out, plan, opened.read(plan, BASE, manager, STRICT));
        try (SafetensorsReader reader =
                SafetensorsReader.open(out.resolve(AdapterDirectory.WEIGHTS))) {
            assertEquals(
                    0,
                    reader.tensors().keySet().stream()
                            .filter(key -> key.contains("base_layer"))
                            .count());
            assertEquals(4, reader.tensors().size());
        }
    }

    private void take(String name) throws IOException {
        adapter =
                TestFiles.copy(
                        TestFiles.resource("checkpoint/adapters/" + name),
                        Files.createTempDirectory(directory, name));
        try (SafetensorsReader reader =
                SafetensorsReader.open(adapter.resolve(AdapterDirectory.WEIGHTS))) {
            for (String key : reader.tensors().keySet()) {
                tensors.put(key, reader.read(key, manager));
            }
        }
    }

    private void write() throws IOException {
        SafetensorsWriter.write(
                adapter.resolve(AdapterDirectory.WEIGHTS), tensors, SafetensorsWriter.PYTORCH);
    }

    private float[] floats(String key) {
        return Objects.requireNonNull(tensors.get(key)).toFloatArray();
    }

    private float[] factorB(String module, AdapterLoadOptions options) throws IOException {
        return read(options).pairs().entrySet().stream()
                .filter(entry -> hasReader(entry.getKey(), module))
                .map(entry -> entry.getValue().b().toFloatArray())
                .findFirst()
                .orElseThrow();
    }

    private static boolean hasReader(PairPlan pair, String module) {
        return pair.readers().stream().anyMatch(reader -> reader.module().equals(module));
    }

    private AdapterContents read(AdapterLoadOptions options) throws IOException {
        AdapterDirectory opened = AdapterDirectory.open(adapter);
        return opened.read(opened.plan(LlamaLayout.tied()), BASE, manager, options);
    }
}
