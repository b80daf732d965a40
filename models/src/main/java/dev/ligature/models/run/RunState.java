package dev.ligature.models.run;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.checkpoint.SafetensorsWriter;
import dev.ligature.internal.files.StagedFile;
import dev.ligature.internal.json.JsonFields;
import dev.ligature.internal.json.JsonFile;
import dev.ligature.models.internal.ModelMessage;
import dev.ligature.training.TrainingLoop;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a checkpoint has beside the adapter: the state of the loop, tables that grow, and the
 * settings of the training.
 *
 * @param step how many steps were taken
 * @param settings what the training was begun with
 */
public record RunState(long step, RunSettings settings) {
    private static final String JSON = "training.json";
    private static final String LOOP = "training_state.safetensors";

    /**
     * Writes the files, after all others of the checkpoint.
     *
     * @param directory where to
     * @param loop the loop
     * @param tables files that are copied
     */
    public void write(Path directory, TrainingLoop loop, Iterable<Path> tables, NDManager manager)
            throws IOException {
        try (NDManager scope = manager.newSubManager()) {
            SafetensorsWriter.write(directory.resolve(LOOP), loop.state(scope), Map.of());
        }
        for (Path table : tables) {
            if (Files.exists(table)) {
                StagedFile.copy(table, directory.resolve(table.getFileName()));
            }
        }
        JsonObject json = new JsonObject();
        json.addProperty("step", step);
        JsonObject options = new JsonObject();
        settings.values().forEach(options::addProperty);
        json.add("settings", options);
        Manifest.sign(json, directory);
        String text = new GsonBuilder().setPrettyPrinting().create().toJson(json);
        StagedFile.write(directory.resolve(JSON), text + "\n");
    }

    /**
     * Reads step and settings of a checkpoint, and checks its files.
     *
     * @throws CheckpointException if one is not as it was written, or not there
     */
    static RunState read(Path checkpoint) throws IOException {
        Path file = checkpoint.resolve(JSON);
        if (!Files.exists(file)) {
            throw ModelMessage.RUN_DAMAGED.fileError(file, checkpoint);
        }
        JsonFields<CheckpointException> json = JsonFile.read(file, ModelMessage.FIELD_TYPE);
        JsonObject whole = JsonParser.parseString(JsonFile.text(file)).getAsJsonObject();
        Manifest.check(whole, checkpoint, file);
        Map<String, String> values = new LinkedHashMap<>();
        JsonFields<CheckpointException> options = json.object("settings");
        for (String option : options.names()) {
            values.put(option, options.string(option));
        }
        return new RunState(json.whole("step", 1, Integer.MAX_VALUE), new RunSettings(values));
    }

    /** Brings a loop to where a checkpoint is. */
    public static void restore(Path checkpoint, TrainingLoop loop, NDManager manager)
            throws IOException {
        try (NDManager scope = manager.newSubManager();
                SafetensorsReader reader = SafetensorsReader.open(checkpoint.resolve(LOOP))) {
            Map<String, NDArray> state = new HashMap<>();
            for (String name : reader.tensors().keySet()) {
                state.put(name, reader.read(name, scope));
            }
            loop.restore(state);
        }
    }
}
