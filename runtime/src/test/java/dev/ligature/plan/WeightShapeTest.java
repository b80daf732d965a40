package dev.ligature.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.ligature.LoraException;
import dev.ligature.annotation.Role;
import dev.ligature.config.LoraConfig;
import dev.ligature.internal.resolve.PlanResolver;
import java.util.List;
import org.junit.jupiter.api.Test;

class WeightShapeTest {
    @Test
    void aWeightThatIsNoMatrix_isRefusedWithItsShape() {
        ModelLayout.Module patches =
                Layouts.module(
                        "patches",
                        List.of(),
                        Role.MODULE,
                        ModuleKind.LINEAR,
                        "TiedLinear",
                        "patches",
                        new Shape(64, 3, 8, 8),
                        DataType.FLOAT32);
        LoraConfig config = LoraConfig.builder().setTargetModules("patches").build();
        LoraException error =
                assertThrows(
                        LoraException.class,
                        () -> PlanResolver.resolve(config, new ModelLayout(List.of(patches))));
        assertEquals(
                "[LoraWeightShape] The weight of module patches has the shape (64, 3, 8, 8), not"
                        + " (out, in). Initialise the model before it is adapted, or exclude the"
                        + " module.",
                error.getMessage());
    }
}
