package dev.ligature.models.llama;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraChild;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.models.block.GatedMlp;
import dev.ligature.models.block.GroupedAttention;
import dev.ligature.models.block.LayerKind;
import dev.ligature.models.block.NamedActivation;
import dev.ligature.models.block.PreNormLayer;
import dev.ligature.models.block.RmsNorm;
import dev.ligature.models.decoder.DecoderAttention;

/** One layer. */
public final class LlamaDecoderLayer extends PreNormLayer {
    @LoraChild("self_attn")
    final DecoderAttention attention;

    @LoraChild("mlp")
    final GatedMlp mlp;

    @LoraTarget("input_layernorm")
    Block inputNorm;

    @LoraTarget("post_attention_layernorm")
    Block postAttentionNorm;

    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    LlamaDecoderLayer(LlamaConfig config, LayerKind kind) {
        long d = config.hiddenSize();
        double eps = config.rmsNormEps();
        DecoderAttention.Form form =
                new DecoderAttention.Form(
                        config.heads(),
                        config.queryKeyValueBias(),
                        config.outputBias(),
                        0,
                        config.family().hasHeadNorms()
                                ? () -> new RmsNorm(config.headDim(), eps)
                                : null);
        attention = addChildBlock("self_attn", new DecoderAttention(d, form, kind.rope()));
        mlp =
                addChildBlock(
                        "mlp",
                        new GatedMlp(
                                d,
                                config.intermediateSize(),
                                config.mlpBias(),
                                NamedActivation.SILU));
        inputNorm = addChildBlock("input_layernorm", new RmsNorm(d, eps));
        postAttentionNorm = addChildBlock("post_attention_layernorm", new RmsNorm(d, eps));
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
