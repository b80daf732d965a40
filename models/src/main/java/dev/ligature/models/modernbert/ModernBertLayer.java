package dev.ligature.models.modernbert;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraChild;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.models.block.GroupedAttention;
import dev.ligature.models.block.LayerKind;
import dev.ligature.models.block.PreNormLayer;
import org.jspecify.annotations.Nullable;

/**
 * One layer. The first has no norm before attention. There is no dropout, in training neither, and
 * no cache.
 */
public final class ModernBertLayer extends PreNormLayer {
    @LoraTarget("attn_norm")
    @Nullable Block attentionNorm;

    @LoraChild("attn")
    final ModernBertAttention attention;

    @LoraTarget("mlp_norm")
    Block mlpNorm;

    @LoraChild("mlp")
    final ModernBertMlp mlp;

    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    ModernBertLayer(ModernBertConfig config, LayerKind kind, boolean first) {
        attentionNorm = first ? null : addChildBlock("attention_norm", config.norm());
        attention = addChildBlock("attention", new ModernBertAttention(config, kind));
        mlpNorm = addChildBlock("mlp_norm", config.norm());
        mlp = addChildBlock("mlp", new ModernBertMlp(config));
    }

    @Override
    protected @Nullable Block attentionNorm() {
        return attentionNorm;
    }

    @Override
    protected GroupedAttention attention() {
        return attention;
    }

    @Override
    protected Block feedForwardNorm() {
        return mlpNorm;
    }

    @Override
    protected Block feedForward() {
        return mlp;
    }
}
