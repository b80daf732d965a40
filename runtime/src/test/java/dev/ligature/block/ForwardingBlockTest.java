package dev.ligature.block;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import dev.ligature.LoraModel;
import dev.ligature.LoraStateException;
import dev.ligature.Routing;
import dev.ligature.ToyTest;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ForwardingBlockTest extends ToyTest {
    @Test
    void aWrappedModel_isNotCast_andSaysWhatToDo() {
        LoraModel lora = wrapToy(true);
        lora.create("a", config("proj").build());
        for (Block block :
                List.of(lora, lora.routed(Routing.of("a")), lora.merge(Routing.of("a")))) {
            LoraStateException error =
                    assertThrows(LoraStateException.class, () -> block.cast(DataType.FLOAT16));
            assertEquals("LoraCast", error.code());
            String name = block.getClass().getSimpleName();
            assertTrue(
                    error.getMessage().contains("A " + name + " cannot be cast to float16"),
                    error.getMessage());
        }
        assertEquals(DataType.FLOAT32, parameter(lora, "01embed_weight").getArray().getDataType());
        lora.unwrap();
    }
}
