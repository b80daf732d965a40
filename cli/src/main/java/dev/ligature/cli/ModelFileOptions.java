package dev.ligature.cli;

import dev.ligature.checkpoint.LoadOptions;
import java.util.List;
import picocli.CommandLine.Option;

/** The options that say what in a base model's files need not fit the model. */
final class ModelFileOptions {
    @Option(
            names = "--model-ignore",
            split = ",",
            paramLabel = "TENSOR",
            description = "Tensors of the base's files to leave out; * stands for any text.")
    private List<String> ignored = List.of();

    @Option(
            names = "--model-allow-missing",
            split = ",",
            paramLabel = "TENSOR",
            description = "Tensors that the base's files may lack, and that start anew.")
    private List<String> missing = List.of();

    @Option(
            names = "--model-prefer-copy-of",
            split = ",",
            paramLabel = "TENSOR",
            description = "Which tensor to use where those of a tied weight differ.")
    private List<String> preferred = List.of();

    /** Returns options with what was given here. */
    LoadOptions on(LoadOptions options) {
        return options.ignore(ignored.toArray(String[]::new))
                .allowMissing(missing.toArray(String[]::new))
                .preferCopyOf(preferred.toArray(String[]::new));
    }
}
