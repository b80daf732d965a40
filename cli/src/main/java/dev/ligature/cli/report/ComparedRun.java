package dev.ligature.cli.report;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/**
 * A run next to others.
 *
 * @param name what it is called
 * @param files the numbers of its steps
 * @param settings its options, and the fields of its adapter's configuration
 */
public record ComparedRun(String name, RunFiles files, Map<String, String> settings) {
    private static final String OPTIONS = "options";
    private static final String SETTINGS = "settings"; // those of a checkpoint

    /**
     * Reads a run.
     *
     * @param folder the folder of an adapter or of a checkpoint
     * @param name what it is called
     * @throws IOException if it is none; the message names the folder or the file
     */
    public static ComparedRun read(Path folder, String name) throws IOException {
        Path metrics = folder.resolve(RunFiles.METRICS);
        if (!Files.isRegularFile(metrics)) {
            throw new IOException(
                    folder
                            + (Files.isDirectory(folder)
                                    ? " has no " + RunFiles.METRICS
                                    : " is not a folder")
                            + ". Give the folder of an adapter that train has written.");
        }
        RunFiles files = RunFiles.read(folder);
        if (files.steps() == 0) {
            throw new IOException(metrics + " has no steps. Leave this run out.");
        }
        Map<String, String> settings = new TreeMap<>();
        add(json(folder.resolve("adapter_config.json")), settings);
        JsonObject training = json(folder.resolve(RunFiles.TRAINING));
        for (String part : new String[] {SETTINGS, OPTIONS}) {
            if (training.get(part) instanceof JsonObject options) {
                add(options, settings);
            }
        }
        settings.remove("--output");
        return new ComparedRun(name, files, settings);
    }

    private static JsonObject json(Path file) throws IOException {
        if (!Files.exists(file)) {
            return new JsonObject();
        }
        try {
            if (JsonParser.parseString(Files.readString(file)) instanceof JsonObject object) {
                return object;
            }
        } catch (JsonParseException e) {
            // it is said below
        }
        throw new IOException(file + " is not a JSON object. Restore it, or leave this run out.");
    }

    private static void add(JsonObject object, Map<String, String> settings) {
        for (Map.Entry<String, JsonElement> field : object.entrySet()) {
            JsonElement value = field.getValue();
            settings.put(
                    field.getKey(),
                    value.isJsonPrimitive() ? value.getAsString() : value.toString());
        }
    }
}
