package dev.ligature.cli;

import dev.ligature.checkpoint.AdapterLoadOptions;
import dev.ligature.checkpoint.LoadOptions;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options that say which model, and which adapter on it. */
final class ModelOptions {
    @Option(
            names = "--model",
            required = true,
            paramLabel = "DIR",
            description =
                    "The base model: a Hugging Face directory, or its folder in the hub's cache.")
    Path model = Path.of("");

    @Option(
            names = "--adapter",
            paramLabel = "DIR",
            description = "An adapter for it, as PEFT saves one.")
    @Nullable Path adapter;

    @Mixin private WeightOptions weights = new WeightOptions();

    @Mixin private ModelFileOptions modelFiles = new ModelFileOptions();

    @Mixin private AdapterFileOptions adapterFiles = new AdapterFileOptions();

    /** Returns options for the base's files, with what was given on the command line. */
    LoadOptions on(LoadOptions options) {
        return weights.on(modelFiles.on(options));
    }

    /** Returns how the adapter is loaded. */
    AdapterLoadOptions adapterOptions() {
        return adapterFiles.options();
    }
}
