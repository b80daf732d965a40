package dev.ligature.models.modernbert;

import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.models.block.ConfigFields;
import dev.ligature.models.block.Heads;
import dev.ligature.models.block.LayerKind;
import dev.ligature.models.block.NamedActivation;
import dev.ligature.models.block.Rope;
import dev.ligature.models.block.RopeFields;
import dev.ligature.models.embedding.Pooling;
import dev.ligature.models.encoder.EncoderFields;
import java.math.BigDecimal;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What the config.json of a checkpoint says about a ModernBERT model, with the defaults of
 * Transformers. The components have the names of the file's fields.
 *
 * @param vocabSize the number V of tokens
 * @param hiddenSize the size d of a token's hidden state
 * @param intermediateSize the size I of the feed-forward part
 * @param heads the heads of attention
 * @param maxPositionEmbeddings the most tokens of a text
 * @param normEps what the norms add to the variance
 * @param normBias whether the norms have a bias
 * @param attentionBias whether the projections of attention have a bias
 * @param mlpBias whether the projections of the feed-forward part have a bias
 * @param hiddenActivation the activation of the feed-forward part
 * @param layers of each layer, how positions turn it, and how many tokens one sees, itself among
 *     them and as many before as behind it; 0 if it sees all
 * @param tieWordEmbeddings whether the MLM head reads the embedding's weight
 * @param decoderBias whether the decoder of the MLM head has a bias
 * @param classifierBias whether the dense layer of a head has a bias
 * @param classifierActivation the activation of a head
 * @param classifierPooling how a classifier of texts makes one vector of the tokens
 * @param numLabels the number of labels of a classifier
 */
public record ModernBertConfig(
        int vocabSize,
        int hiddenSize,
        int intermediateSize,
        Heads heads,
        int maxPositionEmbeddings,
        double normEps,
        boolean normBias,
        boolean attentionBias,
        boolean mlpBias,
        NamedActivation hiddenActivation,
        List<LayerKind> layers,
        boolean tieWordEmbeddings,
        boolean decoderBias,
        boolean classifierBias,
        NamedActivation classifierActivation,
        Pooling classifierPooling,
        int numLabels) {
    private static final String FULL = "full_attention";
    private static final String SLIDING = "sliding_attention";
    private static final List<String> TYPES = List.of(FULL, SLIDING);

    /** Copies the list. */
    public ModernBertConfig {
        layers = List.copyOf(layers);
    }

    /**
     * Reads a configuration.
     *
     * @param fields the fields of config.json
     * @throws CheckpointException if it asks for something that the models do not compute; the
     *     message names the field and its value
     */
    static ModernBertConfig read(ConfigFields fields) throws CheckpointException {
        EncoderFields encoder = new EncoderFields(fields);
        fields.only("sparse_prediction", false);
        encoder.refuseQuantized();
        fields.noteDropout(
                "embedding_dropout", "attention_dropout", "mlp_dropout", "classifier_dropout");
        int heads = encoder.size("num_attention_heads", 12);
        // The halves of a head are turned together.
        int hidden = encoder.multiple("hidden_size", 768, "2 · num_attention_heads", 2 * heads);
        int headSize = hidden / heads;
        fields.only("head_dim", BigDecimal.valueOf(headSize));
        return new ModernBertConfig(
                encoder.size("vocab_size", 50_368),
                hidden,
                encoder.size("intermediate_size", 1152),
                new Heads(heads, 1, headSize),
                encoder.size("max_position_embeddings", 8192),
                fields.number("norm_eps", 1e-5),
                fields.bool("norm_bias", false),
                fields.bool("attention_bias", false),
                fields.bool("mlp_bias", false),
                NamedActivation.read(fields, "hidden_activation", NamedActivation.GELU),
                layers(encoder),
                fields.bool("tie_word_embeddings", true),
                fields.bool("decoder_bias", true),
                fields.bool("classifier_bias", false),
                NamedActivation.read(fields, "classifier_activation", NamedActivation.GELU),
                pooling(fields),
                encoder.labels());
    }

    private static Pooling pooling(ConfigFields fields) throws CheckpointException {
        String name = fields.string("classifier_pooling").orElse("cls");
        return switch (name) {
            case "cls" -> Pooling.CLS;
            case "mean" -> Pooling.MEAN;
            default -> throw fields.unsupported("classifier_pooling", "cls and mean");
        };
    }

    /** Returns the layers as they are listed; else the first of every n sees all. */
    private static List<LayerKind> layers(EncoderFields encoder) throws CheckpointException {
        ConfigFields fields = encoder.fields();
        int count = encoder.layers(22);
        int every = encoder.size("global_attn_every_n_layers", 3);
        List<String> types =
                fields.value("layer_types").isPresent()
                        ? fields.strings("layer_types", TYPES)
                        : IntStream.range(0, count)
                                .mapToObj(i -> i % every == 0 ? FULL : SLIDING)
                                .toList();
        if (types.size() != count) {
            throw fields.unsupported("layer_types", "one type for each of num_hidden_layers");
        }
        int side = encoder.size("local_attention", 128) / 2;
        fields.only("sliding_window", BigDecimal.valueOf(side)); // Transformers' name for it
        LayerKind full = new LayerKind(rope(fields, FULL, "global_rope_theta", 160_000), 0);
        LayerKind sliding =
                new LayerKind(rope(fields, SLIDING, "local_rope_theta", 10_000), 2 * side + 1);
        return types.stream().map(type -> type.equals(FULL) ? full : sliding).toList();
    }

    private static Rope rope(ConfigFields fields, String type, String older, double absent)
            throws CheckpointException {
        if (fields.value("rope_scaling").isPresent()) {
            throw fields.unsupported("rope_scaling", "rope_parameters for each type of layer");
        }
        return new RopeFields(fields, false).ofType(type, TYPES, fields.number(older, absent));
    }

    /** Returns a norm of hidden states. */
    ModernBertNorm norm() {
        return new ModernBertNorm(hiddenSize, normEps, normBias);
    }
}
