package dev.ligature.examples.cli;

import dev.ligature.examples.llama.LlamaConfig;
import dev.ligature.examples.llama.LlamaConfigBuilder;
import dev.ligature.examples.llama.SpecialTokens;
import picocli.CommandLine.Option;

/** The options that say how large a new model is. */
final class SizeOptions {
    @Option(names = "--hidden-size", defaultValue = "256", description = "Default: 256.")
    int hiddenSize;

    @Option(names = "--intermediate-size", defaultValue = "704", description = "Default: 704.")
    int intermediateSize;

    @Option(names = "--layers", defaultValue = "4", description = "Default: 4.")
    int layers;

    @Option(names = "--heads", defaultValue = "8", description = "Heads of queries. Default: 8.")
    int heads;

    @Option(names = "--kv-heads", defaultValue = "2", description = "Heads of keys. Default: 2.")
    int keyValueHeads;

    @Option(
            names = "--max-position-embeddings",
            defaultValue = "512",
            description = "The longest text, in tokens. Default: 512.")
    int positions;

    @Option(names = "--rms-norm-eps", defaultValue = "1e-5", description = "Default: 1e-5.")
    double normEpsilon;

    @Option(
            names = "--tie-word-embeddings",
            defaultValue = "true",
            arity = "1",
            description = "Whether the head reads the embedding's weight. Default: true.")
    boolean tie;

    LlamaConfig config(int vocabularySize, String dataType, SpecialTokens tokens) {
        LlamaConfigBuilder builder =
                LlamaConfig.builder()
                        .setVocabSize(vocabularySize)
                        .setHiddenSize(hiddenSize)
                        .setIntermediateSize(intermediateSize)
                        .setNumHiddenLayers(layers)
                        .setNumAttentionHeads(heads)
                        .optNumKeyValueHeads(keyValueHeads)
                        .optRmsNormEps(normEpsilon)
                        .optMaxPositionEmbeddings(positions)
                        .optTieWordEmbeddings(tie)
                        .optDataType(dataType)
                        .optTokens(tokens);
        return builder.build();
    }
}
