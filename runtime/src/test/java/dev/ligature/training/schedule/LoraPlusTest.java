package dev.ligature.training.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.initializer.Initializer;
import dev.ligature.LoraException;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The groups of PEFT's {@code create_loraplus_optimizer}; whole trainings are in the module cli.
 */
final class LoraPlusTest {
    private final LoraPlus plus = new LoraPlus(16, 0.25, Set.of("model.embed_tokens"));

    @ParameterizedTest
    @CsvSource({
        "model.layers.0.q_proj.lora_A, 2, 1, true",
        "model.layers.0.q_proj.lora_B, 2, 16, true",
        "model.layers.0.q_proj.lora_B.bias, 1, 16, false",
        "model.layers.0.q_proj.lora_magnitude_vector, 1, 16, true",
        "model.layers.0.q_proj.bias, 1, 16, false",
        "model.embed_tokens.lora_A, 2, 0.25, true",
        "model.embed_tokens.lora_B, 2, 0.25, true",
        "model.embed_tokens.lora_magnitude_vector, 1, 16, true",
        "model.embed_tokens.weight, 2, 1, true",
        "other.model.embed_tokens.lora_A, 2, 1, true"
    })
    void aParameter_hasTheRateOfItsGroup(
            String name, int dimensions, double factor, boolean decays) {
        try (NDManager manager = NDManager.newBaseManager()) {
            Shape shape = dimensions == 1 ? new Shape(3) : new Shape(3, 2);
            Parameter parameter =
                    Parameter.builder()
                            .setName(name)
                            .setType(Parameter.Type.WEIGHT)
                            .optInitializer(Initializer.ONES)
                            .optShape(shape)
                            .build();
            parameter.initialize(manager, DataType.FLOAT32);

            assertEquals(factor, plus.factor(parameter));
            assertEquals(decays, plus.decays(parameter));
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, -1, Double.NaN, Double.POSITIVE_INFINITY})
    void aRatioThatCannotBe_isRefused(double ratio) {
        LoraException error =
                assertThrows(LoraException.class, () -> new LoraPlus(ratio, 1, Set.of()));
        assertEquals("TrainConfig", error.code());
        assertThrows(LoraException.class, () -> new LoraPlus(1, ratio, Set.of()));
    }

    @Test
    void theMessage_namesTheValue() {
        LoraException error = assertThrows(LoraException.class, () -> new LoraPlus(0, 1, Set.of()));
        assertTrue(error.getMessage().contains("LoRA+ is 0.0"), error.getMessage());
    }
}
