package dev.ligature.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Small models with a tokenizer, and the files of trainings. */
final class TaskFiles {
    static final Path RESOURCES = Path.of("..", "models", "src", "test", "resources");

    private TaskFiles() {}

    /**
     * Copies a base model, and gives it a tokenizer.
     *
     * @param folder where its folder is made
     * @param name its folder in the resources
     */
    static Path base(Path folder, String name) throws IOException {
        Path copy = Files.createDirectories(folder.resolve("models").resolve(name));
        Path from = RESOURCES.resolve(name).resolve("base");
        for (String file : List.of("model.safetensors", "config.json")) {
            Files.copy(from.resolve(file), copy.resolve(file));
        }
        Files.copy(RESOURCES.resolve("tasks/tokenizer.json"), copy.resolve("tokenizer.json"));
        return copy;
    }

    /** Returns the command that trains an adapter of a model; more can be added to it. */
    static List<Object> train(Path model, Path output, Object... more) {
        List<Object> args = new ArrayList<>(List.of("train", "--model", model, "--output", output));
        args.addAll(Arrays.asList(more));
        return args;
    }

    /** Returns how many lines a file has that is being written; 0 if it is not there. */
    static int lines(Path file) {
        try {
            return Files.exists(file) ? Files.readAllLines(file).size() : 0;
        } catch (IOException e) {
            return 0; // it has just been moved
        }
    }
}
