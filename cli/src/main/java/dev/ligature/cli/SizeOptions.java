package dev.ligature.cli;

import dev.ligature.models.SpecialTokens;
import dev.ligature.models.llama.LlamaConfig;
import dev.ligature.models.llama.LlamaConfigBuilder;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that say how large a new model is. */
final class SizeOptions {
    @Option(
            names = "--config",
            paramLabel = "F",
            description = "A config.json, instead of the sizes that follow.")
    private @Nullable Path configFile;

    @Option(names = "--hidden-size", paramLabel = "N", description = "Default: 256.")
    private @Nullable Integer hiddenSize;

    @Option(names = "--intermediate-size", paramLabel = "N", description = "Default: 704.")
    private @Nullable Integer intermediateSize;

    @Option(names = "--layers", paramLabel = "N", description = "Default: 4.")
    private @Nullable Integer layers;

    @Option(names = "--heads", paramLabel = "N", description = "Of queries. Default: 8.")
    private @Nullable Integer heads;

    @Option(names = "--kv-heads", paramLabel = "N", description = "Of keys. Default: 2.")
    private @Nullable Integer keyValueHeads;

    @Option(
            names = "--max-position-embeddings",
            paramLabel = "N",
            description = "The longest text, in tokens. Default: 512.")
    private @Nullable Integer positions;

    @Option(
            names = "--tie-word-embeddings",
            paramLabel = "BOOL",
            description = "Whether the head reads the embedding's weight. Default: true.")
    private @Nullable Boolean tie;

    /**
     * Returns the configuration of the new model.
     *
     * @param vocabularySize how many tokens there are
     * @param tokens the special ones; a file's own have precedence
     */
    LlamaConfig config(int vocabularySize, SpecialTokens tokens) throws IOException {
        if (configFile != null) {
            requireNone();
            LlamaConfig config = LlamaConfig.readFile(configFile);
            if (config.vocabSize() < vocabularySize) {
                throw new BadInputException(
                        configFile
                                + " has vocab_size "
                                + config.vocabSize()
                                + ", but the tokenizer has "
                                + vocabularySize
                                + " tokens.");
            }
            return config;
        }
        LlamaConfigBuilder builder =
                LlamaConfig.builder()
                        .setVocabSize(vocabularySize)
                        .setHiddenSize(or(hiddenSize, 256))
                        .setIntermediateSize(or(intermediateSize, 704))
                        .setNumHiddenLayers(or(layers, 4))
                        .setNumAttentionHeads(or(heads, 8))
                        .optNumKeyValueHeads(or(keyValueHeads, 2))
                        .optMaxPositionEmbeddings(or(positions, 512))
                        .optRmsNormEps(1e-5)
                        .optTieWordEmbeddings(tie == null || tie)
                        .optTokens(tokens);
        return builder.build();
    }

    private void requireNone() {
        Object[] sizes = {
            hiddenSize, intermediateSize, layers, heads, keyValueHeads, positions, tie
        };
        for (Object size : sizes) {
            if (size != null) {
                throw new BadInputException(
                        "--config says how large the model is, so the options for sizes have no"
                                + " say: leave them out.");
            }
        }
    }

    private static int or(@Nullable Integer value, int otherwise) {
        return value == null ? otherwise : value;
    }
}
