package dev.ligature.benchmarks.bert;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The sizes of a BERT encoder.
 *
 * @param vocabularySize the number V of token ids
 * @param maxPositions the greatest number of tokens
 * @param tokenTypes the number of token types
 * @param hiddenSize the size d of the hidden state
 * @param layers the number of layers
 * @param heads the number H of attention heads; divides d
 * @param intermediateSize the size I of the feed-forward part
 * @param epsilon the norms' ε
 */
public record BertConfig(
        int vocabularySize,
        int maxPositions,
        int tokenTypes,
        int hiddenSize,
        int layers,
        int heads,
        int intermediateSize,
        float epsilon) {
    /** Checks the sizes. */
    public BertConfig {
        if (heads < 1 || hiddenSize % heads != 0) {
            throw new IllegalArgumentException(
                    "hiddenSize " + hiddenSize + " is not a multiple of heads " + heads);
        }
    }

    /** Returns the size D of a head. */
    int headSize() {
        return hiddenSize / heads;
    }

    /**
     * Reads the {@code config.json} that Transformers writes.
     *
     * @param directory the checkpoint's directory
     */
    static BertConfig read(Path directory) throws IOException {
        try (Reader reader = Files.newBufferedReader(directory.resolve("config.json"))) {
            JsonObject json = JsonParser.parseReader(reader).getAsJsonObject();
            return new BertConfig(
                    json.get("vocab_size").getAsInt(),
                    json.get("max_position_embeddings").getAsInt(),
                    json.get("type_vocab_size").getAsInt(),
                    json.get("hidden_size").getAsInt(),
                    json.get("num_hidden_layers").getAsInt(),
                    json.get("num_attention_heads").getAsInt(),
                    json.get("intermediate_size").getAsInt(),
                    json.get("layer_norm_eps").getAsFloat());
        }
    }
}
