package dev.ligature;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import dev.ligature.checkpoint.Refusal;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.checkpoint.SafetensorsWriter;
import dev.ligature.config.BiasMode;
import dev.ligature.internal.adapter.AdapterState;
import dev.ligature.internal.peft.AdapterDirectory;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where all biases are trained, PEFT has two names for that of a saved module. */
final class SecondNameTest extends ToyTest {
    private static final String FIRST = "base_model.model.proj.bias";
    private static final String SECOND = "base_model.model.proj.modules_to_save.bias";

    @TempDir private Path folder;

    private float[] forward(LoraModel lora, String name) {
        return lora.forward(store, ids(), Routing.of(name)).singletonOrThrow().toFloatArray();
    }

    private LoraModel saved() throws IOException {
        ToyModel model = ToyModel.create(new ToyModel(false, true), manager, DataType.FLOAT32);
        LoraModel lora = LoraModel.wrap(model, ToyModel::visit);
        AdapterState adapter =
                (AdapterState)
                        lora.create(
                                "first",
                                config("head")
                                        .optModulesToSave("proj")
                                        .optBias(BiasMode.ALL)
                                        .build());
        scramble(adapter, 3);
        lora.save("first", folder);
        return lora;
    }

    /**
     * Writes the bias times a factor under the second name; under the first only if that differs.
     */
    private void rewrite(float factor) throws IOException {
        Path file = folder.resolve(AdapterDirectory.WEIGHTS);
        Map<String, NDArray> tensors = new TreeMap<>();
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            for (String key : reader.tensors().keySet()) {
                tensors.put(key, reader.read(key, manager));
            }
        }
        NDArray bias = Objects.requireNonNull(tensors.get(FIRST));
        if (factor == 1) {
            tensors.remove(FIRST);
        }
        tensors.put(SECOND, bias.mul(manager.create(factor)));
        SafetensorsWriter.write(file, tensors, Map.of("format", "pt"));
    }

    @Test
    void theSecondName_isRead_whereItIsAlone() throws IOException {
        LoraModel lora = saved();
        rewrite(1);
        lora.load("second", folder);
        assertArrayEquals(forward(lora, "first"), forward(lora, "second"));
    }

    @Test
    void whereBothAreThere_theyMustBeEqual() throws IOException {
        LoraModel lora = saved();
        rewrite(7);
        Refusal.of("AdapterKeyUnknown", () -> lora.load("second", folder), FIRST, SECOND);
    }
}
