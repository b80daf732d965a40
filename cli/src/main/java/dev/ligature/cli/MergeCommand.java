package dev.ligature.cli;

import dev.ligature.MergeOptions;
import dev.ligature.MergedModel;
import dev.ligature.checkpoint.BaseCheckpoint;
import dev.ligature.checkpoint.ExportOptions;
import dev.ligature.checkpoint.ExportReport;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Writes a base model with an adapter merged into it. */
@Command(
        name = "merge",
        description = {
            "Writes a Hugging Face directory with the adapter merged into the base.",
            "Weights are added in float32 and rounded once, when they are written."
        },
        sortOptions = false,
        mixinStandardHelpOptions = true)
final class MergeCommand implements Callable<Integer> {
    private final Terminal terminal;

    @Option(
            names = "--model",
            required = true,
            paramLabel = "DIR",
            description =
                    "The base model: a Hugging Face directory, or its folder in the hub's cache.")
    private Path model = Path.of("");

    @Option(
            names = "--adapter",
            required = true,
            paramLabel = "DIR",
            description = "The adapter, as PEFT saves one.")
    private Path adapter = Path.of("");

    @Option(
            names = "--output",
            required = true,
            paramLabel = "DIR",
            description = "The directory to write; must not exist.")
    private Path output = Path.of("");

    @Option(
            names = "--dtype",
            converter = FileType.Converter.class,
            paramLabel = "TYPE",
            description = "Of the written weights: float32, float16 or bfloat16. Default: as read.")
    private @Nullable FileType dtype;

    @Option(
            names = "--untie-base",
            description = {
                "Give the head of a tied base a weight of its own first, so that an adapter",
                "that treats embedding and head differently can be merged."
            })
    private boolean untieBase;

    @Mixin private ModelFileOptions modelFiles = new ModelFileOptions();

    @Mixin private AdapterFileOptions adapterFiles = new AdapterFileOptions();

    MergeCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() throws IOException {
        WorkDirectory.requireAbsent(output);
        try (LoadedModel loaded =
                        untieBase
                                ? LoadedModel.openUntied(model, modelFiles)
                                : LoadedModel.open(model, modelFiles);
                BaseCheckpoint checkpoint = loaded.base().checkpoint()) {
            loaded.base().loadAdapter(LoadedModel.ADAPTER, adapter, adapterFiles.options());
            try (MergedModel merged = loaded.lora().merge(loaded.routing(), MergeOptions.SAFE)) {
                ExportOptions options = ExportOptions.defaults();
                ExportReport report =
                        merged.export(
                                checkpoint,
                                output,
                                dtype == null ? options : options.withDtype(dtype.tensorDtype()));
                loaded.warn(terminal);
                terminal.out().println(text(report));
            }
        }
        return 0;
    }

    private String text(ExportReport report) {
        return output
                + ": "
                + report.replaced()
                + " of "
                + report.tensors()
                + " tensors merged; largest rounding step "
                + (report.largestRounding() == 0
                        ? "0, nothing was rounded"
                        : (float) report.largestRounding()
                                + ", in "
                                + report.largestRoundingTensor());
    }
}
