package dev.ligature.cli;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that say which model, and which adapter on it. */
final class ModelOptions {
    @Option(
            names = "--model",
            required = true,
            paramLabel = "DIR",
            description = "The base model, a Hugging Face directory.")
    Path model = Path.of("");

    @Option(
            names = "--adapter",
            paramLabel = "DIR",
            description = "An adapter for it, as PEFT saves one.")
    @Nullable Path adapter;
}
