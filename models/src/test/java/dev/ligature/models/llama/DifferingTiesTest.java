package dev.ligature.models.llama;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import dev.ligature.LoraModel;
import dev.ligature.checkpoint.BaseCheckpoint;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.checkpoint.LoadOptions;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.checkpoint.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A file that has both tensors of a tie: equal ones are tied, others not, as in Transformers. */
final class DifferingTiesTest {
    private static final Path TIED = Path.of("src/test/resources/cases/llama-tied-embed/base");
    private static final String EMBEDDING = "model.embed_tokens.weight";
    private static final String HEAD = "lm_head.weight";

    @TempDir Path folder;

    private final NDManager manager = NDManager.newBaseManager();

    @AfterEach
    void close() {
        manager.close();
    }

    @Test
    void otherValues_untieTheHead() throws IOException {
        Path tied = write("tied", 1.5f, true);
        Path untied = write("untied", 1.5f, false);
        assertArrayEquals(
                logits(untied, LoadOptions.defaults()), logits(tied, LoadOptions.defaults()));
        LlamaForCausalLM model = LlamaCheckpoint.load(tied, manager);
        LoraModel lora = LlamaForCausalLMLora.wrap(model);
        assertEquals("lm_head", weightOfHead(lora), "an adapter would follow a tie");
    }

    @Test
    void equalValues_areTied() throws IOException {
        Path directory = write("equal", 1, true);
        assertArrayEquals(
                logits(TIED, LoadOptions.defaults()), logits(directory, LoadOptions.defaults()));
        LoraModel lora = LlamaForCausalLMLora.wrap(LlamaCheckpoint.load(directory, manager));
        assertEquals("model.embed_tokens", weightOfHead(lora));
    }

    @Test
    void aPreferredCopy_keepsTheTie() throws IOException {
        Path directory = write("tied", 1.5f, true);
        assertArrayEquals(
                logits(TIED, LoadOptions.defaults()),
                logits(directory, LoadOptions.defaults().preferCopyOf(EMBEDDING)));
    }

    @Test
    void withoutTheOption_itIsAnError() throws IOException {
        Path directory = write("tied", 1.5f, true);
        LlamaForCausalLM model = new LlamaForCausalLM(LlamaConfig.read(directory));
        try (BaseCheckpoint checkpoint = BaseCheckpoint.open(directory)) {
            CheckpointException error =
                    assertThrows(
                            CheckpointException.class,
                            () ->
                                    checkpoint.load(
                                            model,
                                            LlamaForCausalLMLora::visit,
                                            manager,
                                            LoadOptions.defaults(),
                                            new Shape(1, 1)));
            assertEquals("TiedCopiesDiffer", error.code());
            assertTrue(String.valueOf(error.getMessage()).contains("at most by"));
        }
    }

    private static String weightOfHead(LoraModel lora) {
        return lora.layout().modules().stream()
                .filter(module -> module.name().equals("lm_head"))
                .findFirst()
                .orElseThrow()
                .weight();
    }

    private float[] logits(Path directory, LoadOptions options) throws IOException {
        LlamaForCausalLM model = LlamaCheckpoint.load(directory, manager, options);
        NDArray ids = manager.create(new long[] {5, 9, 30, 7}, new Shape(1, 4));
        return model.forward(new ParameterStore(manager, false), new NDList(ids), false)
                .singletonOrThrow()
                .toFloatArray();
    }

    /** Writes the tied base with a tensor of the head: the embedding times a factor. */
    private Path write(String name, float factor, boolean tied) throws IOException {
        Path directory = Files.createDirectories(folder.resolve(name));
        Map<String, NDArray> tensors = new TreeMap<>();
        try (SafetensorsReader reader = SafetensorsReader.open(TIED.resolve("model.safetensors"))) {
            for (String tensor : reader.tensors().keySet()) {
                tensors.put(tensor, reader.read(tensor, manager));
            }
        }
        NDArray embedding = tensors.get(EMBEDDING);
        tensors.put(HEAD, embedding.mul(manager.full(new Shape(), factor)));
        Files.deleteIfExists(directory.resolve("model.safetensors"));
        SafetensorsWriter.write(
                directory.resolve("model.safetensors"), tensors, Map.of("format", "pt"));
        String config = Files.readString(TIED.resolve("config.json"));
        assertTrue(config.contains("\"tie_word_embeddings\": true"));
        Files.writeString(
                directory.resolve("config.json"),
                config.replace(
                        "\"tie_word_embeddings\": true", "\"tie_word_embeddings\": " + tied));
        return directory;
    }
}
