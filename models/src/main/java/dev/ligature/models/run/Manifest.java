package dev.ligature.models.run;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.models.internal.ModelMessage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The digests by which a checkpoint's files are known: those of its files in {@code files}, and of
 * all that {@code training.json} says in {@code digest}.
 */
final class Manifest {
    private static final String FILES = "files";
    private static final String DIGEST = "digest";

    private Manifest() {}

    /** Adds the digests of the files that are in a directory, and of the object itself. */
    static void sign(JsonObject json, Path directory) throws IOException {
        JsonObject files = new JsonObject();
        try (Stream<Path> list = Files.list(directory)) {
            for (Path file : list.sorted().toList()) {
                files.addProperty(String.valueOf(file.getFileName()), FileDigest.whole(file));
            }
        }
        json.add(FILES, files);
        json.addProperty(DIGEST, digest(json));
    }

    /**
     * Checks the digests.
     *
     * @param json what the file of the object says
     * @param directory the checkpoint
     * @param file the file of the object
     * @throws CheckpointException if something is not as it was written, or not there
     */
    static void check(JsonObject json, Path directory, Path file) throws IOException {
        JsonObject unsigned = json.deepCopy();
        JsonElement digest = unsigned.remove(DIGEST);
        if (digest == null
                || !(json.get(FILES) instanceof JsonObject files)
                || !digest.equals(new JsonPrimitive(digest(unsigned)))) {
            throw ModelMessage.RUN_DAMAGED.fileError(file, directory);
        }
        for (Map.Entry<String, JsonElement> each : files.entrySet()) {
            Path named = file.resolveSibling(each.getKey());
            if (!Files.isRegularFile(named)
                    || !FileDigest.whole(named).equals(each.getValue().getAsString())) {
                throw ModelMessage.RUN_DAMAGED.fileError(named, directory);
            }
        }
    }

    private static String digest(JsonObject json) {
        return FileDigest.whole(json.toString().getBytes(StandardCharsets.UTF_8));
    }
}
