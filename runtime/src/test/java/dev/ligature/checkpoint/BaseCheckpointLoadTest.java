package dev.ligature.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import dev.ligature.block.TiedLinear;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Checkpoints that Transformers wrote, in a model that has their parameters. */
class BaseCheckpointLoadTest {
    private static final Path SHARDED = TestFiles.resource("checkpoint/sharded-bf16");

    private NDManager manager;

    @BeforeEach
    void open() {
        manager = NDManager.newBaseManager();
    }

    @AfterEach
    void close() {
        manager.close();
    }

    @Test
    void shardsInBfloat16_areWidenedAsTorchDoes() throws IOException {
        NamedBlocks model = NamedBlocks.llama(2, 29, 16, 8, 24);
        load(model, SHARDED, LoadOptions.defaults());
        try (SafetensorsReader widened =
                SafetensorsReader.open(
                        TestFiles.resource("checkpoint/sharded-widened.safetensors"))) {
            assertEquals(20, widened.tensors().size());
            for (String name : widened.tensors().keySet()) {
                Parameter parameter = model.parameter(name.replaceAll("\\.weight$", ""));
                assertEquals(DataType.FLOAT32, parameter.getArray().getDataType());
                assertArrayEquals(
                        widened.read(name, manager).toFloatArray(),
                        parameter.getArray().toFloatArray());
                assertFalse(parameter.requiresGradient(), name);
            }
        }
    }

    @Test
    void aTiedHead_readsTheEmbeddingsArray() throws IOException {
        NamedBlocks model = NamedBlocks.llama(2, 29, 16, 8, 24);
        load(model, SHARDED, LoadOptions.defaults());
        TiedLinear head = (TiedLinear) model.module("lm_head");
        assertSame(model.parameter("model.embed_tokens").getArray(), head.weight().getArray());
    }

    @Test
    void anotherDataType_isConvertedTo() throws IOException {
        NamedBlocks model = NamedBlocks.llama(2, 29, 16, 8, 24);
        load(model, SHARDED, LoadOptions.defaults().withDataType(DataType.FLOAT64));
        assertEquals(DataType.FLOAT64, model.parameter("model.norm").getArray().getDataType());
    }

    @Test
    void theShortForm_initialisesWithOneToken_orWithTheShapesGiven() throws IOException {
        NamedBlocks model = NamedBlocks.llama(2, 29, 16, 8, 24);
        NamedBlocks other = NamedBlocks.llama(2, 29, 16, 8, 24);

        BaseCheckpoint.load(SHARDED, model, NamedBlocks.VISIT, manager);
        BaseCheckpoint.load(SHARDED, other, NamedBlocks.VISIT, manager, new Shape(2, 3));

        assertEquals(new Shape(1, 1), model.describeInput().values().get(0));
        assertEquals(new Shape(2, 3), other.describeInput().values().get(0));
        assertArrayEquals(
                model.parameter("model.norm").getArray().toFloatArray(),
                other.parameter("model.norm").getArray().toFloatArray());
        assertFalse(model.parameter("model.norm").requiresGradient());
    }

    private void load(NamedBlocks model, Path directory, LoadOptions options) throws IOException {
        try (BaseCheckpoint checkpoint = BaseCheckpoint.open(directory)) {
            checkpoint.load(model, NamedBlocks.VISIT, manager, options, new Shape(1, 4));
        }
    }
}
