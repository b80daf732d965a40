package dev.ligature.models.llama;

import static dev.ligature.models.Oracle.assertWithin;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.checkpoint.LoadOptions;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.checkpoint.SafetensorsWriter;
import dev.ligature.models.Oracle;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LlamaCheckpointTest {
    private static final Path BIASED = Oracle.checkpoint("biased");

    @TempDir Path directory;

    private NDManager manager;

    @BeforeEach
    void open() {
        manager = NDManager.newBaseManager();
    }

    @AfterEach
    void close() {
        manager.close();
    }

    private NDArray logits(LlamaForCausalLM model) {
        NDArray ids = Oracle.of("biased", manager).read("input_ids"); // (B, T)
        return model.forward(new ParameterStore(manager, false), new NDList(ids), false)
                .singletonOrThrow();
    }

    private Map<String, NDArray> tensors() throws IOException {
        Map<String, NDArray> tensors = new TreeMap<>();
        try (SafetensorsReader reader =
                SafetensorsReader.open(BIASED.resolve("model.safetensors"))) {
            for (String name : reader.tensors().keySet()) {
                tensors.put(name, reader.read(name, manager));
            }
        }
        return tensors;
    }

    private void write(Map<String, NDArray> tensors) throws IOException {
        Files.copy(BIASED.resolve("config.json"), directory.resolve("config.json"));
        SafetensorsWriter.write(
                directory.resolve("model.safetensors"), tensors, Map.of("format", "pt"));
    }

    private String refusal() {
        return assertThrows(
                        CheckpointException.class, () -> LlamaCheckpoint.load(directory, manager))
                .getMessage();
    }

    @Test
    void aMissingTensor_isAnErrorThatNamesIt() throws IOException {
        Map<String, NDArray> tensors = tensors();
        tensors.remove("model.layers.1.mlp.down_proj.bias");
        write(tensors);
        String message = refusal();
        assertTrue(message.contains("model.layers.1.mlp.down_proj.bias"), message);
    }

    @Test
    void aSurplusTensor_isAnErrorThatNamesIt() throws IOException {
        Map<String, NDArray> tensors = tensors();
        tensors.put("model.layers.2.mlp.down_proj.bias", manager.zeros(new Shape(18)));
        write(tensors);
        String message = refusal();
        assertTrue(message.contains("model.layers.2.mlp.down_proj.bias"), message);
    }

    @Test
    void rotaryFrequenciesInOldFiles_arePassedOver() throws IOException {
        Map<String, NDArray> tensors = tensors();
        tensors.put("model.layers.0.self_attn.rotary_emb.inv_freq", manager.zeros(new Shape(4)));
        write(tensors);
        NDArray expected = Oracle.of("biased", manager).read("logits");
        assertWithin(1e-5, expected, logits(LlamaCheckpoint.load(directory, manager)), "logits");
    }

    @Test
    void aHalfPrecisionCheckpoint_computesInHalfPrecision() throws IOException {
        Map<String, NDArray> tensors = tensors();
        tensors.replaceAll((name, tensor) -> tensor.toType(DataType.FLOAT16, true));
        write(tensors);
        NDArray logits = logits(LlamaCheckpoint.load(directory, manager));
        assertEquals(DataType.FLOAT16, logits.getDataType());
        NDArray expected = Oracle.of("biased", manager).read("logits");
        assertWithin(2e-2, expected, logits.toType(DataType.FLOAT32, false), "half logits");
        LoadOptions wide = LoadOptions.defaults().withDataType(DataType.FLOAT32);
        NDArray wideLogits = logits(LlamaCheckpoint.load(directory, manager, wide));
        assertEquals(DataType.FLOAT32, wideLogits.getDataType());
        assertWithin(5e-3, expected, wideLogits, "logits of rounded weights");
    }

    @Test
    void aLoadedModel_isFrozen() throws IOException {
        for (Parameter parameter : LlamaCheckpoint.load(BIASED, manager).getParameters().values()) {
            assertFalse(parameter.requiresGradient(), parameter.getName());
        }
    }

    @Test
    void parametersThatDjlSaved_areLoadedIntoAnotherModel()
            throws IOException, MalformedModelException {
        LlamaForCausalLM saved = LlamaCheckpoint.load(BIASED, manager);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        saved.saveParameters(new DataOutputStream(bytes));
        LlamaForCausalLM loaded = new LlamaForCausalLM(saved.config());
        loaded.loadParameters(
                manager, new DataInputStream(new ByteArrayInputStream(bytes.toByteArray())));
        assertTrue(loaded.isInitialized());
        assertArrayEquals(logits(saved).toFloatArray(), logits(loaded).toFloatArray());
    }

    @Test
    void freshWeights_areNotInBuffersOfJava_whichGarbageCollectionFrees() throws Exception {
        LlamaForCausalLM model = LlamaCheckpoint.create(fresh(), manager, 1);
        NDArray table = model.getParameters().valueAt(0).getArray();
        float[] before = table.toFloatArray();
        for (int i = 0; i < 5; i++) {
            System.gc();
            Thread.sleep(20); // the collector's cleaner frees buffers a little later
            for (int n = 0; n < 50; n++) {
                ByteBuffer other = ByteBuffer.allocateDirect(4 * before.length);
                while (other.hasRemaining()) {
                    other.put((byte) 0x7F);
                }
            }
        }
        assertArrayEquals(before, table.toFloatArray());
    }

    private static LlamaConfig fresh() {
        return LlamaConfig.builder()
                .setVocabSize(400)
                .setHiddenSize(32)
                .setIntermediateSize(64)
                .setNumHiddenLayers(1)
                .setNumAttentionHeads(4)
                .optTieWordEmbeddings(true)
                .optAttentionBias(true)
                .optInitializerRange(0.05)
                .build();
    }

    @Test
    void aFreshModel_hasNormalWeightsUnitNormsAndNoBias() {
        LlamaConfig config = fresh();
        LlamaForCausalLM model = LlamaCheckpoint.create(config, manager, 1);
        LlamaForCausalLM same = LlamaCheckpoint.create(config, manager, 1);
        LlamaForCausalLM other = LlamaCheckpoint.create(config, manager, 2);
        for (String name : model.getParameters().keys()) {
            Parameter parameter = model.getParameters().get(name);
            float[] values = parameter.getArray().toFloatArray();
            assertTrue(parameter.requiresGradient(), name);
            assertArrayEquals(
                    values, same.getParameters().get(name).getArray().toFloatArray(), name);
            switch (parameter.getType()) {
                case WEIGHT -> {
                    double square = 0;
                    for (float value : values) {
                        square += value * value;
                    }
                    assertEquals(0.05, Math.sqrt(square / values.length), 0.005, name);
                    float[] others = other.getParameters().get(name).getArray().toFloatArray();
                    assertFalse(Arrays.equals(values, others), name);
                }
                case GAMMA -> assertArrayEquals(filled(values.length, 1), values, name);
                default -> assertArrayEquals(filled(values.length, 0), values, name);
            }
        }
        // 400·32 embedding, 4·(32·32 + 32) attention, 3·32·64 MLP, 3·32 norms: tied, so no head.
        long count =
                model.getParameters().values().stream().mapToLong(p -> p.getArray().size()).sum();
        assertEquals(12_800 + 4_224 + 6_144 + 96, count);
    }

    private static float[] filled(int length, float value) {
        float[] values = new float[length];
        Arrays.fill(values, value);
        return values;
    }
}
