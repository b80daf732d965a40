package dev.ligature.models.phi3;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraChild;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.models.block.GroupedAttention;
import dev.ligature.models.block.LayerKind;
import dev.ligature.models.block.PreNormLayer;
import dev.ligature.models.block.RmsNorm;
import dev.ligature.models.decoder.DecoderConfig;

/** One layer. */
public final class Phi3DecoderLayer extends PreNormLayer {
    @LoraChild("self_attn")
    final Phi3Attention attention;

    @LoraChild("mlp")
    final Phi3Mlp mlp;

    @LoraTarget("input_layernorm")
    Block inputNorm;

    @LoraTarget("post_attention_layernorm")
    Block postAttentionNorm;

    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    Phi3DecoderLayer(DecoderConfig config, LayerKind kind) {
        long d = config.hiddenSize();
        attention = addChildBlock("self_attn", new Phi3Attention(config, kind));
        mlp = addChildBlock("mlp", new Phi3Mlp(config));
        inputNorm = addChildBlock("input_layernorm", new RmsNorm(d, config.normEps()));
        postAttentionNorm =
                addChildBlock("post_attention_layernorm", new RmsNorm(d, config.normEps()));
    }

    @Override
    protected Block attentionNorm() {
        return inputNorm;
    }

    @Override
    protected GroupedAttention attention() {
        return attention;
    }

    @Override
    protected Block feedForwardNorm() {
        return postAttentionNorm;
    }

    @Override
    protected Block feedForward() {
        return mlp;
    }
}
