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
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Writes what a model makes of token ids. */
@Command(
        name = "logits",
        description = {
            "Writes the logits of token ids in float32.",
            "They are the tensor logits: (B, T, V) of a language model, (B, labels) or",
            "(B, T, labels) of a classifier of texts or tokens."
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
            names = "--decoder-input-ids",
            paramLabel = "IDS",
            description = {
                "Token ids of the decoder, of an encoder-decoder such as T5, in as many rows.",
                "Default: those of --input-ids."
            })
    private @Nullable String decoderInputIds;

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
            long[][] rows = TokenIds.parse("--input-ids", inputIds, loaded.vocabulary());
            NDArray ids = scope.create(rows); // (B, T)
            NDArray logits =
                    LoadedModel.logits(
                                    loaded.lora().routed(loaded.routing()),
                                    inputs(loaded, ids, scope))
                            .toType(
                                    DataType.FLOAT32,
                                    false); // (B, T, V), (B, T, labels) or (B, labels)
            SafetensorsWriter.write(output, Map.of("logits", logits), Map.of());
            loaded.warn(terminal);
            terminal.note("logits " + logits.getShape() + " written to " + output);
        }
        return 0;
    }

    private NDArray[] inputs(LoadedModel loaded, NDArray ids, NDManager scope) {
        boolean seq2seq = loaded.base().task() == ModelTask.SEQ_2_SEQ_LM;
        if (!seq2seq) {
            if (decoderInputIds != null) {
                throw new BadInputException(
                        "--decoder-input-ids is for an encoder-decoder, but the model in "
                                + options.model
                                + " is "
                                + loaded.base().task().title()
                                + ". Leave the option out.");
            }
            return new NDArray[] {ids};
        }
        String decoder = decoderInputIds == null ? inputIds : decoderInputIds;
        NDArray decoderIds =
                scope.create(
                        TokenIds.parse(
                                "--decoder-input-ids", decoder, loaded.vocabulary())); // (B, T)
        long rows = ids.getShape().get(0);
        if (decoderIds.getShape().get(0) != rows) {
            throw new BadInputException(
                    "--decoder-input-ids has "
                            + decoderIds.getShape().get(0)
                            + " rows and --input-ids "
                            + rows
                            + ". Give as many.");
        }
        return new NDArray[] {ids, scope.ones(ids.getShape(), DataType.INT64), decoderIds};
    }
}
