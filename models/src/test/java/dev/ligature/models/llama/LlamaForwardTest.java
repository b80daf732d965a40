package dev.ligature.models.llama;

import static dev.ligature.models.Oracle.assertWithin;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import dev.ligature.LoraException;
import dev.ligature.models.Oracle;
import dev.ligature.models.block.RotaryTables;
import dev.ligature.models.generation.KeyValueCache;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class LlamaForwardTest {
    private NDManager manager;

    @BeforeEach
    void open() {
        manager = NDManager.newBaseManager();
    }

    @AfterEach
    void close() {
        manager.close();
    }

    private NDArray logits(Block model, NDArray... inputs) {
        return model.forward(new ParameterStore(manager, false), new NDList(inputs), false)
                .singletonOrThrow();
    }

    static List<String> cases() {
        return Oracle.cases();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void theBaseOfAReferenceCase_givesTransformersLogits(String name) throws IOException {
        Oracle oracle = Oracle.ofCase(name, manager);
        LlamaForCausalLM model = LlamaCheckpoint.load(Oracle.checkpoint(name), manager);
        NDArray ids = oracle.read("input_ids");
        NDArray expected = oracle.read("base_logits");
        assertWithin(1e-4, expected, logits(model, ids), "logits");
        NDArray ofTraining =
                model.forward(new ParameterStore(manager, false), new NDList(ids), true)
                        .singletonOrThrow();
        assertWithin(1e-4, expected, ofTraining, "logits in training");
    }

    @ParameterizedTest
    @ValueSource(strings = {"biased", "llama-tied-both", "qwen2-tied-embed"})
    void logitsAndFarPositions_areThoseOfTransformers(String name) throws IOException {
        Oracle oracle = Oracle.of(name, manager);
        LlamaForCausalLM model = LlamaCheckpoint.load(Oracle.checkpoint(name), manager);
        NDArray ids = oracle.read("input_ids");
        assertWithin(1e-5, oracle.read("logits"), logits(model, ids), "logits");
        NDArray mask = manager.ones(ids.getShape());
        NDArray far = logits(model, ids, mask, oracle.read("far_positions"));
        assertWithin(1e-4, oracle.read("far_logits"), far, "logits at far positions");
    }

    @Test
    void aConfigurationOfTransformers4_givesTheSameLogits(@TempDir Path directory)
            throws IOException {
        Path checkpoint = Oracle.checkpoint("biased");
        Files.copy(checkpoint.resolve("older.json"), directory.resolve("config.json"));
        Files.copy(checkpoint.resolve("model.safetensors"), directory.resolve("model.safetensors"));
        LlamaForCausalLM model = LlamaCheckpoint.load(directory, manager);
        assertEquals(500_000, model.config().ropeTheta());
        Oracle oracle = Oracle.of("biased", manager);
        assertWithin(
                1e-5, oracle.read("logits"), logits(model, oracle.read("input_ids")), "logits");
    }

    @ParameterizedTest
    @ValueSource(strings = {"biased", "llama-tied-both", "qwen2-tied-embed"})
    void aLeftPaddedBatch_givesTransformersLogitsAndThoseOfItsRowsAlone(String name)
            throws IOException {
        Oracle oracle = Oracle.of(name, manager);
        LlamaForCausalLM model = LlamaCheckpoint.load(Oracle.checkpoint(name), manager);
        NDArray ids = oracle.read("padded_ids"); // (B, T)
        NDArray mask = oracle.read("padded_mask"); // (B, T)
        NDArray expected = oracle.read("padded_logits"); // (B, T, V)
        NDArray batch = logits(model, ids, mask); // (B, T, V)
        long width = ids.getShape().get(1);
        for (long row = 0; row < ids.getShape().get(0); row++) {
            long start = width - mask.get(row).sum().getLong();
            NDIndex tokens = new NDIndex("{}, {}:", row, start);
            assertWithin(1e-5, expected.get(tokens), batch.get(tokens), "row " + row);
            NDArray alone = logits(model, ids.get(tokens).expandDims(0)).get(0);
            assertWithin(1e-5, alone, batch.get(tokens), "row " + row + " alone");
        }
    }

    @Test
    void paddingTokens_makeNoValueInfinite() throws IOException {
        Oracle oracle = Oracle.of("biased", manager);
        LlamaForCausalLM model = LlamaCheckpoint.load(Oracle.checkpoint("biased"), manager);
        NDArray batch =
                logits(model, oracle.read("padded_ids"), oracle.read("padded_mask")); // (B, T, V)
        assertTrue(Float.isFinite(batch.abs().max().getFloat()));
    }

    @Test
    void rotaryFrequencies_areThoseOfTransformers() {
        Oracle oracle = Oracle.of("biased", manager);
        int found = 0;
        for (String tensor : oracle.tensors()) {
            if (!tensor.startsWith("frequencies.")) {
                continue;
            }
            String[] parts = tensor.split("\\.", -1);
            int headDim = Integer.parseInt(parts[2]);
            float[] expected = oracle.read(tensor).toFloatArray(); // (D/2)
            float[] signed =
                    RotaryTables.signedFrequencies(Double.parseDouble(parts[1]), headDim); // (D)
            for (int i = 0; i < expected.length; i++) {
                assertEquals(expected[i], signed[headDim / 2 + i], Math.ulp(expected[i]), tensor);
                assertEquals(-signed[headDim / 2 + i], signed[i], tensor);
            }
            found++;
        }
        assertEquals(3, found);
    }

    @Test
    void inputsThatDoNotFit_areErrorsThatNameTheShapes() throws IOException {
        LlamaForCausalLM model = LlamaCheckpoint.load(Oracle.checkpoint("biased"), manager);
        NDArray ids = manager.zeros(new Shape(2, 5), DataType.INT64);
        LoraException flat =
                assertThrows(LoraException.class, () -> logits(model, ids.reshape(10)));
        assertEquals(
                "[LlamaInputs] The inputs of the model have token ids of shape (10). Give (batch,"
                        + " tokens).",
                flat.getMessage());
        NDArray shortMask = manager.ones(new Shape(2, 4));
        LoraException mask = assertThrows(LoraException.class, () -> logits(model, ids, shortMask));
        assertEquals(
                "[LlamaInputs] The inputs of the model have an attention mask of shape (2, 4). With"
                        + " token ids of shape (2, 5) and 0 tokens in the cache it must be (2, 5).",
                mask.getMessage());
        LoraException count =
                assertThrows(LoraException.class, () -> logits(model, ids, ids, ids, ids));
        assertEquals(
                "[LlamaInputs] The inputs of the model are 4 arrays. Give token ids, then an"
                        + " attention mask, then positions, then 4 arrays of the cache, or the"
                        + " first one, two or three of these.",
                count.getMessage());
    }

    @Test
    void theOutputShapes_areKnownBeforehand() throws IOException {
        LlamaForCausalLM model = LlamaCheckpoint.load(Oracle.checkpoint("biased"), manager);
        NDList inputs =
                new NDList(
                        manager.zeros(new Shape(2, 5), DataType.INT64),
                        manager.ones(new Shape(2, 5)),
                        manager.zeros(new Shape(2, 5), DataType.INT64));
        inputs.addAll(KeyValueCache.empty(model.config().decoderShape(), manager, 2));
        NDList outputs = model.forward(new ParameterStore(manager, false), inputs, false);
        Shape[] foretold = model.getOutputShapes(inputs.getShapes());
        assertEquals(List.of(outputs.getShapes()), List.of(foretold));
        assertEquals(new Shape(2, 5, 53), foretold[0]);
    }
}
