package dev.ligature.models.gpt2;

import static dev.ligature.models.decoder.SizeChecks.positive;

import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.models.DecoderShape;
import dev.ligature.models.SpecialTokens;
import dev.ligature.models.block.ConfigFields;
import dev.ligature.models.block.Heads;
import dev.ligature.models.block.NamedActivation;
import dev.ligature.models.decoder.DecoderFields;
import dev.ligature.models.decoder.SizeChecks;

/**
 * What the config.json of a checkpoint says about a GPT-2.
 *
 * @param vocabSize the number V of tokens
 * @param positions the number of learned positions
 * @param hiddenSize the size d of a token's hidden state
 * @param innerSize the size of the feed-forward part
 * @param layers the number of layers
 * @param heads the heads of attention
 * @param normEps what the norms add to the variance
 * @param scaled whether scores are multiplied by 1/√D
 * @param activation of the feed-forward part
 * @param tieWordEmbeddings whether the head reads the embedding's weight
 * @param tokens the special tokens
 */
record Gpt2Config(
        int vocabSize,
        int positions,
        int hiddenSize,
        int innerSize,
        int layers,
        Heads heads,
        double normEps,
        boolean scaled,
        NamedActivation activation,
        boolean tieWordEmbeddings,
        SpecialTokens tokens) {
    Gpt2Config {
        positive("vocab_size", vocabSize);
        positive("n_positions", positions);
        positive("n_inner", innerSize);
        positive("layer_norm_epsilon", normEps);
        SizeChecks.layers("n_layer", layers);
    }

    static Gpt2Config read(DecoderFields in) throws CheckpointException {
        ConfigFields fields = in.fields();
        fields.only("scale_attn_by_inverse_layer_idx", false);
        fields.only("reorder_and_upcast_attn", false);
        fields.only("add_cross_attention", false);
        fields.noteDropout("attn_pdrop", "embd_pdrop", "resid_pdrop");
        fields.secondName("hidden_size", "n_embd");
        fields.secondName("max_position_embeddings", "n_positions");
        fields.secondName("num_attention_heads", "n_head");
        fields.secondName("num_hidden_layers", "n_layer");
        int size = fields.required("n_embd");
        int heads = fields.required("n_head");
        positive("n_embd", size);
        positive("n_head", heads);
        SizeChecks.require(
                size % heads == 0, "n_embd", size, "a multiple of n_head, which is " + heads);
        return new Gpt2Config(
                fields.required("vocab_size"),
                in.integer("n_positions", 1024),
                size,
                in.integer("n_inner", 4 * size),
                fields.required("n_layer"),
                new Heads(heads, 1, size / heads),
                fields.number("layer_norm_epsilon", 1e-5),
                fields.bool("scale_attn_weights", true),
                in.activation("activation_function", NamedActivation.GELU_TANH),
                fields.bool("tie_word_embeddings", true),
                in.tokens(50256, 50256, null));
    }

    DecoderShape shape() {
        return new DecoderShape(vocabSize, positions, layers, heads.keyValue(), heads.size());
    }
}
