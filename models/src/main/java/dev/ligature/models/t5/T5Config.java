package dev.ligature.models.t5;

import static dev.ligature.models.decoder.SizeChecks.positive;

import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.models.SpecialTokens;
import dev.ligature.models.block.ConfigFields;
import dev.ligature.models.block.NamedActivation;
import dev.ligature.models.decoder.DecoderFields;
import dev.ligature.models.decoder.SizeChecks;
import java.io.IOException;
import java.nio.file.Path;

/**
 * What config.json says about a T5. The components have the names of the file's fields.
 *
 * @param vocabSize the number V of tokens
 * @param modelSize {@code d_model}, the size d of a token's hidden state
 * @param headSize {@code d_kv}, the size D of a head
 * @param feedForwardSize {@code d_ff}, the size of the feed-forward part
 * @param numLayers the layers of the encoder
 * @param numDecoderLayers the layers of the decoder
 * @param numHeads the number H of heads
 * @param buckets how many distances of two tokens are told apart
 * @param maxDistance the distance from which on all are the same
 * @param normEps what the norms add to the mean square
 * @param activation what the feed-forward part goes through
 * @param gated whether that is multiplied by a second projection
 * @param scalesOutput {@code scale_decoder_outputs}, whether the head reads the decoder's output
 *     times d^(−1/2). Where the field is absent, {@code tie_word_embeddings} says so, which is
 *     false in T5 1.1 and Flan-T5; Transformers 5 writes both
 * @param startToken what the decoder begins with
 * @param tokens the special tokens
 */
public record T5Config(
        int vocabSize,
        int modelSize,
        int headSize,
        int feedForwardSize,
        int numLayers,
        int numDecoderLayers,
        int numHeads,
        int buckets,
        int maxDistance,
        double normEps,
        NamedActivation activation,
        boolean gated,
        boolean scalesOutput,
        int startToken,
        SpecialTokens tokens) {
    static final String ARCHITECTURE = "T5ForConditionalGeneration";
    private static final String GATED = "gated-";

    /** Checks that the sizes are possible. */
    public T5Config {
        positive("vocab_size", vocabSize);
        positive("d_model", modelSize);
        positive("d_kv", headSize);
        positive("d_ff", feedForwardSize);
        positive("num_heads", numHeads);
        SizeChecks.layers("num_layers", numLayers);
        SizeChecks.layers("num_decoder_layers", numDecoderLayers);
        SizeChecks.require(buckets >= 4, "relative_attention_num_buckets", buckets, "at least 4");
        SizeChecks.require(
                maxDistance > buckets / 2,
                "relative_attention_max_distance",
                maxDistance,
                "more than half of relative_attention_num_buckets, " + buckets);
        positive("layer_norm_epsilon", normEps);
        SizeChecks.require(
                startToken >= 0 && startToken < vocabSize,
                "decoder_start_token_id",
                startToken,
                "a token of the vocabulary, 0 to " + (vocabSize - 1));
    }

    /**
     * Reads config.json, and the stop ids of generation_config.json where there is one.
     *
     * @param directory the directory of a Hugging Face checkpoint
     * @throws IOException if a file is missing or damaged, or asks for what is not computed
     */
    public static T5Config read(Path directory) throws IOException {
        return DecoderFields.of(directory, ARCHITECTURE, T5Config::of);
    }

    /** Returns whether the output is scaled where the field has no value; a null is false. */
    private static boolean scales(ConfigFields fields) throws CheckpointException {
        return !fields.names("scale_decoder_outputs") && fields.bool("tie_word_embeddings", true);
    }

    private static T5Config of(DecoderFields of) throws CheckpointException {
        ConfigFields fields = of.fields();
        fields.only("is_decoder", false);
        fields.noteDropout("dropout_rate");
        fields.secondName("hidden_size", "d_model");
        fields.secondName("num_attention_heads", "num_heads");
        fields.secondName("num_hidden_layers", "num_layers");
        fields.secondName("head_dim", "d_kv");
        int layers = of.integer("num_layers", 6);
        String projection = fields.string("feed_forward_proj").orElse("relu");
        // Transformers computes the exact gated-gelu of other models by tanh in this one.
        String activation =
                projection.equals("gated-gelu")
                        ? "gelu_new"
                        : projection.substring(projection.startsWith(GATED) ? GATED.length() : 0);
        // Transformers writes both of these too, and reads them after the other.
        String said = fields.string("dense_act_fn").orElse(activation);
        if (!said.equals(activation)) {
            throw fields.unsupported("dense_act_fn", activation + ", as feed_forward_proj says");
        }
        fields.only("is_gated_act", projection.startsWith(GATED));
        SpecialTokens tokens = of.tokens(null, 1, 0);
        int start = of.integer("decoder_start_token_id", 0);
        return new T5Config(
                of.integer("vocab_size", 32128),
                of.integer("d_model", 512),
                of.integer("d_kv", 64),
                of.integer("d_ff", 2048),
                layers,
                of.integer("num_decoder_layers", layers),
                of.integer("num_heads", 8),
                of.integer("relative_attention_num_buckets", 32),
                of.integer("relative_attention_max_distance", 128),
                fields.number("layer_norm_epsilon", 1e-6),
                NamedActivation.of(fields, "feed_forward_proj", activation),
                projection.startsWith(GATED),
                fields.bool("scale_decoder_outputs", scales(fields)),
                start,
                tokens);
    }
}
