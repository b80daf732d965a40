package dev.ligature.cli;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.ligature.checkpoint.SafetensorsWriter;
import dev.ligature.models.embedding.TextEmbedder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Writes the embeddings of texts. */
@Command(
        name = "embed",
        description = {
            "Writes the embeddings of texts in float32.",
            "They are the tensor embeddings (B, d), pooled and normalised as the files of",
            "sentence-transformers in the model's directory say."
        },
        sortOptions = false,
        mixinStandardHelpOptions = true)
final class EmbedCommand implements Callable<Integer> {
    /** How many texts go through the model at once. */
    private static final int BATCH = 32;

    private final Terminal terminal;

    @Mixin private ModelOptions options = new ModelOptions();

    @ArgGroup(multiplicity = "1")
    private Texts texts = new Texts();

    @Option(
            names = "--output",
            required = true,
            paramLabel = "F",
            description = "The safetensors file to write; must not exist.")
    private Path output = Path.of("");

    /** Where the texts are from. */
    private static final class Texts {
        @Option(
                names = "--input-ids",
                paramLabel = "IDS",
                description = "Token ids: commas inside a text, semicolons between: 1,2,3;4,5.")
        private @Nullable String inputIds;

        @Option(names = "--text", paramLabel = "TEXT", description = "One text.")
        private @Nullable String text;

        @Option(names = "--file", paramLabel = "F", description = "A file in UTF-8, a text a line.")
        private @Nullable Path file;
    }

    EmbedCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() throws IOException {
        WorkDirectory.requireAbsent(output);
        WorkDirectory.requireParent(output);
        try (LoadedModel loaded = LoadedModel.open(options);
                NDManager scope = loaded.manager().newSubManager()) {
            TextEmbedder embedder = TextEmbedder.of(loaded.base(), loaded.routing());
            List<long[]> ids = ids(loaded, embedder);
            NDList batches = new NDList();
            for (int from = 0; from < ids.size(); from += BATCH) {
                int to = Math.min(ids.size(), from + BATCH);
                batches.add(embedder.embed(ids.subList(from, to), scope));
            }
            NDArray embeddings = NDArrays.concat(batches); // (B, d)
            SafetensorsWriter.write(output, Map.of("embeddings", embeddings), Map.of());
            loaded.warn(terminal);
            terminal.note("embeddings " + embeddings.getShape() + " written to " + output);
        }
        return 0;
    }

    private List<long[]> ids(LoadedModel loaded, TextEmbedder embedder) throws IOException {
        if (texts.inputIds != null) {
            return Arrays.asList(TokenIds.rows("--input-ids", texts.inputIds, loaded.vocabulary()));
        }
        List<String> lines =
                texts.text != null
                        ? List.of(texts.text)
                        : Files.readAllLines(texts.file == null ? Path.of("") : texts.file);
        if (lines.isEmpty()) {
            throw new BadInputException(texts.file + " has no lines. Write a text a line.");
        }
        List<long[]> ids = embedder.encode(lines);
        for (long[] text : ids) {
            TokenIds.check(text, loaded.vocabulary(), loaded.tokenizer());
        }
        return ids;
    }
}
