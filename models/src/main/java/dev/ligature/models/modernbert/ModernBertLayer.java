package dev.ligature.models.modernbert;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.annotation.LoraChild;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.models.block.GroupedAttention;
import dev.ligature.models.block.LayerKind;
import dev.ligature.models.block.Residual;
import org.jspecify.annotations.Nullable;

/**
 * One layer: self-attention and the feed-forward part, each behind a norm and beside a residual
 * path. The first layer has no norm before attention. There is no dropout, in training neither.
 *
 * <ul>
 *   <li>inputs: x {@code (B, T, d)}, then those of {@link GroupedAttention} without a cache
 *   <li>output: {@code (B, T, d)}
 * </ul>
 */
public final class ModernBertLayer extends AbstractBlock {
    private static final byte VERSION = 1;

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
        super(VERSION);
        attentionNorm = first ? null : addChildBlock("attention_norm", config.norm());
        attention = addChildBlock("attention", new ModernBertAttention(config, kind));
        mlpNorm = addChildBlock("mlp_norm", config.norm());
        mlp = addChildBlock("mlp", new ModernBertMlp(config));
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDArray x = inputs.get(0); // (B, T, d)
        NDList normed = new NDList(x);
        if (attentionNorm != null) {
            normed = attentionNorm.forward(parameterStore, normed, training, params);
        }
        NDList attentionInputs = new NDList(normed).addAll(inputs.subNDList(1));
        NDArray attended =
                attention
                        .forward(parameterStore, attentionInputs, training, params)
                        .singletonOrThrow(); // (B, T, d)
        NDArray between = Residual.plus(attended, x, training);
        normed = mlpNorm.forward(parameterStore, new NDList(between), training, params);
        NDArray y = mlp.forward(parameterStore, normed, training, params).singletonOrThrow();
        return new NDList(Residual.plus(y, between, training)); // (B, T, d)
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return new Shape[] {inputShapes[0]};
    }

    @Override
    public void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
        for (Block child : getChildren().values()) {
            child.initialize(manager, dataType, inputShapes[0]); // (B, T, d)
        }
    }
}
