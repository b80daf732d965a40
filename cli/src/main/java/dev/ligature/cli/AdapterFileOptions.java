package dev.ligature.cli;

import dev.ligature.checkpoint.AdapterLoadOptions;
import java.util.List;
import picocli.CommandLine.Option;

/** The options that say what in an adapter's files need not fit its configuration. */
final class AdapterFileOptions {
    @Option(
            names = "--adapter-ignore",
            split = ",",
            paramLabel = "KEY",
            description = "Keys of the adapter's file to leave out; * stands for any text.")
    private List<String> ignored = List.of();

    @Option(
            names = "--adapter-allow-missing",
            split = ",",
            paramLabel = "MODULE",
            description = "Modules whose tensors the adapter may lack: they start as new.")
    private List<String> missing = List.of();

    @Option(
            names = "--adapter-prefer-copy-of",
            split = ",",
            paramLabel = "MODULE",
            description = "Whose tensors to use where those of tied modules differ.")
    private List<String> preferred = List.of();

    /** Returns how the adapter is loaded. */
    AdapterLoadOptions options() {
        return AdapterLoadOptions.defaults()
                .ignore(ignored.toArray(String[]::new))
                .allowMissing(missing.toArray(String[]::new))
                .preferCopyOf(preferred.toArray(String[]::new));
    }
}
