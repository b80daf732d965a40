package dev.ligature.models.decoder;

import static dev.ligature.models.decoder.SizeChecks.positive;

import dev.ligature.models.DecoderShape;
import dev.ligature.models.SpecialTokens;
import dev.ligature.models.block.Heads;
import dev.ligature.models.block.LayerKind;
import dev.ligature.models.block.NamedActivation;
import java.util.List;

/**
 * What config.json says about a decoder with gated feed-forward parts and RMS norms.
 *
 * @param vocabSize the number V of tokens
 * @param hiddenSize the size d of a token's hidden state
 * @param intermediateSize the size of the feed-forward part
 * @param heads the heads of attention
 * @param maxPositions the longest text the model was made for, in tokens
 * @param normEps what the norms add to the mean square
 * @param activation what the gate goes through
 * @param attentionBias whether the projections of attention have a bias
 * @param tieWordEmbeddings whether the head reads the embedding's weight
 * @param layers the kind of each layer
 * @param tokens the special tokens
 */
public record DecoderConfig(
        int vocabSize,
        int hiddenSize,
        int intermediateSize,
        Heads heads,
        int maxPositions,
        double normEps,
        NamedActivation activation,
        boolean attentionBias,
        boolean tieWordEmbeddings,
        List<LayerKind> layers,
        SpecialTokens tokens) {
    /** Checks that the sizes are possible. */
    public DecoderConfig {
        positive("vocab_size", vocabSize);
        positive("hidden_size", hiddenSize);
        positive("intermediate_size", intermediateSize);
        SizeChecks.layers("num_hidden_layers", layers.size());
        positive("max_position_embeddings", maxPositions);
        positive("rms_norm_eps", normEps);
        for (LayerKind kind : layers) {
            positive("rope_theta", kind.rope().theta());
            int turned = kind.rope().turned(heads.size());
            SizeChecks.require(
                    turned >= 0 && turned <= heads.size() && turned % 2 == 0,
                    "partial_rotary_factor",
                    kind.rope().fraction(),
                    "at most 1, and an even number of a head's "
                            + heads.size()
                            + " elements, by hidden_size, num_attention_heads and head_dim");
        }
        layers = List.copyOf(layers);
    }

    /** Returns the sizes that text generation depends on. */
    public DecoderShape shape() {
        return new DecoderShape(
                vocabSize, maxPositions, layers.size(), heads.keyValue(), heads.size());
    }
}
