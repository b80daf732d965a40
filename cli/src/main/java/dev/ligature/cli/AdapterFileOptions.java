package dev.ligature.cli;

import dev.ligature.checkpoint.AdapterLoadOptions;
import dev.ligature.checkpoint.BaseDifference;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

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

    @Option(
            names = "--adapter-untied",
            description = {
                "Tie nothing: each reader of a shared weight has the factors that the file",
                "has of it, and none if it has none, as where PEFT did not tie them."
            })
    private boolean untied;

    @Option(
            names = "--on-base-difference",
            converter = Choice.class,
            paramLabel = "WHAT",
            description = {
                "If the adapter's file has weights of its base that are not the model's:",
                "keep the model's, use the file's, or fail. Default: fail."
            })
    private BaseDifference difference = BaseDifference.FAIL;

    /** Takes the name in small letters. */
    static final class Choice implements ITypeConverter<BaseDifference> {
        @Override
        public BaseDifference convert(String text) {
            for (BaseDifference choice : BaseDifference.values()) {
                if (choice.name().toLowerCase(Locale.ROOT).equals(text)) {
                    return choice;
                }
            }
            throw new TypeConversionException(
                    "expected one of keep, file, fail but was '" + text + "'");
        }
    }

    /** Returns how the adapter is loaded. */
    AdapterLoadOptions options() {
        AdapterLoadOptions options = AdapterLoadOptions.defaults();
        return (untied ? options.untied() : options)
                .ignore(ignored.toArray(String[]::new))
                .allowMissing(missing.toArray(String[]::new))
                .preferCopyOf(preferred.toArray(String[]::new))
                .onBaseDifference(difference);
    }
}
