package dev.ligature.models.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import dev.ligature.checkpoint.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever changes in a checkpoint is noticed. */
final class ManifestTest {
    @TempDir Path folder;

    private void assertDamaged(JsonObject json, String file) {
        CheckpointException error =
                assertThrows(
                        CheckpointException.class,
                        () -> Manifest.check(json, folder, folder.resolve("training.json")));
        assertEquals("RunDamaged", error.code());
        assertTrue(
                error.getMessage().contains(folder.resolve(file) + " is not"), error::getMessage);
    }

    @Test
    void aFileThatIsAnother_orMissing_andAnotherNumber_areFound() throws IOException {
        JsonObject json = new JsonObject();
        json.addProperty("step", 5);
        assertDamaged(json, "training.json"); // as of a version without digests
        Path file = Files.writeString(folder.resolve("metrics.csv"), "step\n1\n");
        Manifest.sign(json, folder);
        Manifest.check(json, folder, folder.resolve("training.json"));
        Files.writeString(folder.resolve("more.txt"), "what is put beside it may be there");
        Manifest.check(json, folder, folder.resolve("training.json"));

        Files.writeString(file, "step\n2\n");
        assertDamaged(json, "metrics.csv");
        Files.delete(file);
        assertDamaged(json, "metrics.csv");
        Files.writeString(file, "step\n1\n");
        Manifest.check(json, folder, folder.resolve("training.json"));
        json.addProperty("step", 6);
        assertDamaged(json, "training.json");
    }
}
