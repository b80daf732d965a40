package dev.ligature.models.gpt2;

import ai.djl.nn.Block;
import ai.djl.nn.norm.LayerNorm;
import dev.ligature.annotation.LoraChild;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.models.block.GroupedAttention;
import dev.ligature.models.block.PreNormLayer;

/** One layer. */
public final class Gpt2Block extends PreNormLayer {
    @LoraChild("attn")
    final Gpt2Attention attention;

    @LoraChild("mlp")
    final Gpt2Mlp mlp;

    @LoraTarget("ln_1")
    Block firstNorm;

    @LoraTarget("ln_2")
    Block secondNorm;

    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    Gpt2Block(Gpt2Config config) {
        attention = addChildBlock("attn", new Gpt2Attention(config));
        mlp = addChildBlock("mlp", new Gpt2Mlp(config));
        firstNorm = addChildBlock("ln_1", norm(config));
        secondNorm = addChildBlock("ln_2", norm(config));
    }

    /** Returns a norm of mean and variance over the last axis, {@code (B, T, d)}. */
    static Block norm(Gpt2Config config) {
        return LayerNorm.builder().axis(2).optEpsilon((float) config.normEps()).build();
    }

    @Override
    protected Block attentionNorm() {
        return firstNorm;
    }

    @Override
    protected GroupedAttention attention() {
        return attention;
    }

    @Override
    protected Block feedForwardNorm() {
        return secondNorm;
    }

    @Override
    protected Block feedForward() {
        return mlp;
    }
}
