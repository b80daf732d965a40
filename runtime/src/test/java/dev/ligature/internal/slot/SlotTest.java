package dev.ligature.internal.slot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.ndarray.types.DataType;
import dev.ligature.ToyModel;
import dev.ligature.ToyTest;
import java.util.List;
import org.junit.jupiter.api.Test;

final class SlotTest extends ToyTest {
    @Test
    void aSlot_doesNotHandOutItsNames_toBeChanged_andKnowsItsBias() {
        ToyModel model = ToyModel.create(false, manager, DataType.FLOAT32);
        ModelBinding binding = ModelBinding.of(model, ToyModel::visit);
        Slot proj = binding.slots().named("proj");
        assertEquals(List.of("proj"), proj.names());
        assertThrows(UnsupportedOperationException.class, () -> proj.names().add("other"));
        assertSame(model.getParameters().get("02proj_bias"), proj.bias());
        assertNull(binding.slots().named("head").bias());
    }
}
