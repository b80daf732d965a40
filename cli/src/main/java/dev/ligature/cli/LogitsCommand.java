package dev.ligature.cli;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import dev.ligature.checkpoint.SafetensorsWriter;
import dev.ligature.models.ModelTask;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Writes what a model makes of token ids. */
@Command(
        name = "logits",
        description = {
            "Writes the logits of token ids, the tensor logits in float32: (B, T, V) of a language",
            "model, (B, labels) or (B, T, labels) of a classifier of texts or tokens."
        },
        sortOptions = false,
        mixinStandardHelpOptions = true)
final class LogitsCommand implements Callable<Integer> {
    private final Terminal terminal;

    @Mixin private ModelOptions options = new ModelOptions();

    @Option(
            names = "--input-ids",
            required = true,
            paramLabel = "IDS",
            description = "Token ids: commas inside a row, semicolons between rows: 1,2,3;4,5,6.")
    private String inputIds = "";

    @Option(
            names = "--output",
            required = true,
            paramLabel = "F",
            description = "The safetensors file to write; must not exist.")
    private Path output = Path.of("");

    LogitsCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() throws IOException {
        WorkDirectory.requireAbsent(output);
        WorkDirectory.requireParent(output);
        try (LoadedModel loaded = LoadedModel.open(options);
                NDManager scope = loaded.manager().newSubManager()) {
            if (loaded.base().task() == ModelTask.FEATURE_EXTRACTION) {
                throw new BadInputException(
                        "The model in "
                                + options.model
                                + " has no head, so it has no logits. Use ligature embed.");
            }
            long[][] rows = TokenIds.parse(inputIds, loaded.vocabulary());
            NDArray ids = scope.create(rows); // (B, T)
            NDArray logits =
                    LoadedModel.logits(loaded.lora().routed(loaded.routing()), ids)
                            .toType(
                                    DataType.FLOAT32,
                                    false); // (B, T, V), (B, T, labels) or (B, labels)
            SafetensorsWriter.write(output, Map.of("logits", logits), Map.of());
            loaded.warn(terminal);
            terminal.note("logits " + logits.getShape() + " written to " + output);
        }
        return 0;
    }
}
