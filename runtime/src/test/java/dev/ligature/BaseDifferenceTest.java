package dev.ligature;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import dev.ligature.checkpoint.AdapterLoadOptions;
import dev.ligature.checkpoint.BaseDifference;
import dev.ligature.checkpoint.Refusal;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.checkpoint.SafetensorsWriter;
import dev.ligature.internal.adapter.AdapterState;
import dev.ligature.internal.peft.AdapterDirectory;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Weights of the base in an adapter's file are compared with the base. */
final class BaseDifferenceTest extends ToyTest {
    private static final String TABLE = "base_model.model.embed.base_layer.weight";

    @TempDir private Path folder;

    private LoraModel lora;
    private final Map<String, NDArray> tensors = new TreeMap<>();

    @BeforeEach
    void save() throws IOException {
        lora = wrapToy(false);
        scramble((AdapterState) lora.create("first", config("embed", "head").build()), 3);
        lora.save("first", folder);
        try (SafetensorsReader reader = SafetensorsReader.open(file())) {
            for (String key : reader.tensors().keySet()) {
                tensors.put(key, reader.read(key, manager));
            }
        }
    }

    private Path file() {
        return folder.resolve(AdapterDirectory.WEIGHTS);
    }

    private void write(String key, NDArray values) throws IOException {
        tensors.put(key, values);
        SafetensorsWriter.write(file(), tensors, SafetensorsWriter.PYTORCH);
    }

    private NDArray table() {
        return parameter(lora, "01embed_weight").getArray();
    }

    private AdapterLoadOptions on(BaseDifference choice) {
        return AdapterLoadOptions.defaults().onBaseDifference(choice);
    }

    private float[] forward(String name) {
        return lora.forward(store, ids(), Routing.of(name)).singletonOrThrow().toFloatArray();
    }

    @Test
    void whatEqualsTheBase_isIgnored_alsoAfterRounding() throws IOException {
        write(TABLE, table().duplicate());
        lora.load("equal", folder);
        assertArrayEquals(forward("first"), forward("equal"));
        write(TABLE, table().toType(DataType.FLOAT16, true));
        lora.load("rounded", folder);
        assertArrayEquals(forward("first"), forward("rounded"));
    }

    @Test
    void aDifference_isSaidWithItsSize_andTheBaseKeptWhereThatIsChosen() throws IOException {
        write(TABLE, table().add(0.25f));
        int before = manager.getManagedArrays().size();
        Refusal.of(
                "AdapterBaseDiffers",
                () -> lora.load("other", folder),
                TABLE + "' differs by up to 0.25",
                "AdapterLoadOptions.onBaseDifference");
        assertFalse(lora.hasAdapter("other"));
        assertEquals(before, manager.getManagedArrays().size());
        lora.load("kept", folder, on(BaseDifference.KEEP));
        assertArrayEquals(forward("first"), forward("kept"));
    }

    @Test
    void theFilesValues_countForTheAdapterAlone() throws IOException {
        write(TABLE, table().add(0.25f));
        float[] first = forward("first");
        lora.load("file", folder, on(BaseDifference.FILE));
        float[] file = forward("file");
        assertArrayEquals(first, forward("first"));
        lora.save("file", folder.resolve("saved"));
        lora.load("again", folder.resolve("saved"), on(BaseDifference.FILE));
        assertArrayEquals(file, forward("again"));

        LoraModel changed = wrapToy(false);
        NDArray table = parameter(changed, "01embed_weight").getArray();
        try (NDArray moved = table.add(0.25f)) {
            table.set(new NDIndex(":"), moved);
        }
        changed.load("file", folder); // equals this base
        assertArrayEquals(
                changed.forward(store, ids(), Routing.of("file")).singletonOrThrow().toFloatArray(),
                file);
    }

    @Test
    void anyParameterOfTheModel_isOne_butOnlyWherePeftReadsIt() throws IOException {
        String bias = "base_model.model.proj.bias";
        NDArray ones = manager.ones(parameter(lora, "02proj_bias").getArray().getShape());
        write(bias, ones);
        Refusal.of("AdapterBaseDiffers", () -> lora.load("other", folder), bias);
        lora.load("file", folder, on(BaseDifference.FILE));
        tensors.remove(bias);
        write("base_model.model.proj.base_layer.bias", ones);
        Refusal.of(
                "AdapterBaseDiffers", () -> lora.load("unread", folder, on(BaseDifference.FILE)));
    }
}
