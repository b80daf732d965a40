package dev.ligature;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.ndarray.NDArray;
import dev.ligature.checkpoint.AdapterLoadOptions;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.checkpoint.SafetensorsWriter;
import dev.ligature.internal.adapter.AdapterState;
import dev.ligature.internal.peft.AdapterDirectory;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a file lacks starts as in a new adapter, where that is allowed by name. */
class LenientLoadTest extends ToyTest {
    @TempDir private Path folder;

    @Test
    void aMissingPair_startsWithoutEffectAndCanBeTrainedAndSaved() throws IOException {
        LoraModel lora = wrapToy(false);
        scramble((AdapterState) lora.create("whole", config("proj", "head").build()), 1);
        lora.save("whole", folder);
        remove("head");
        AdapterLoadOptions options = AdapterLoadOptions.defaults().allowMissing("head");
        AdapterState adapter = (AdapterState) lora.load("part", folder, options.trainable());
        assertEquals(4, adapter.parameters().size());
        scramble((AdapterState) lora.create("proj", config("proj").build()), 1);
        assertArrayEquals(logits(lora, "proj"), logits(lora, "part"));

        lora.save("part", folder);
        lora.load("again", folder);
        assertArrayEquals(logits(lora, "part"), logits(lora, "again"));
    }

    @Test
    void aMissingReplacedModule_startsAsTheBases() throws IOException {
        LoraModel lora = wrapToy(false);
        lora.create("whole", config("proj").optModulesToSave("head").build());
        lora.save("whole", folder);
        remove("head");
        CheckpointException error =
                assertThrows(CheckpointException.class, () -> lora.load("strict", folder));
        assertEquals("AdapterTensorMissing", error.code());
        AdapterLoadOptions options = AdapterLoadOptions.defaults().allowMissing("head");
        lora.load("part", folder, options);
        float[] base = lora.forward(store, ids(), Routing.none()).head().toFloatArray();
        assertArrayEquals(base, logits(lora, "part"));
    }

    private float[] logits(LoraModel lora, String name) {
        return lora.forward(store, ids(), Routing.of(name)).head().toFloatArray();
    }

    /** Removes the tensors of a module from the file. */
    private void remove(String module) throws IOException {
        Path file = folder.resolve(AdapterDirectory.WEIGHTS);
        Map<String, NDArray> tensors = new TreeMap<>();
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            for (String key : reader.tensors().keySet()) {
                if (!key.contains("." + module + ".")) {
                    tensors.put(key, reader.read(key, manager));
                }
            }
        }
        SafetensorsWriter.write(file, tensors, Map.of("format", "pt"));
    }
}
