package dev.ligature.models.gpt2;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.norm.LayerNorm;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.annotation.LoraChild;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.models.block.GroupedAttention;
import dev.ligature.models.block.Residual;
import org.jspecify.annotations.Nullable;

/**
 * One layer: attention and the feed-forward part, each behind a norm and beside a residual path.
 *
 * <p>Inputs and outputs are those of {@link GroupedAttention}. Without training the sums of the
 * residual path are made in the input x.
 */
public final class Gpt2Block extends AbstractBlock {
    private static final byte VERSION = 1;

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
        super(VERSION);
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
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDArray x = inputs.get(0); // (B, T, d)
        NDList attentionInputs = new NDList(inputs);
        attentionInputs.set(
                0,
                firstNorm
                        .forward(parameterStore, new NDList(x), training, params)
                        .singletonOrThrow());
        NDList outputs = attention.forward(parameterStore, attentionInputs, training, params);
        x = Residual.plus(x, outputs.get(0), training); // (B, T, d)
        NDList normed = secondNorm.forward(parameterStore, new NDList(x), training, params);
        NDArray fed = mlp.forward(parameterStore, normed, training, params).singletonOrThrow();
        outputs.set(0, Residual.plus(x, fed, training)); // (B, T, d)
        return outputs;
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return attention.getOutputShapes(inputShapes);
    }

    @Override
    public void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
        Shape x = inputShapes[0]; // (B, T, d)
        attention.initialize(manager, dataType, x);
        mlp.initialize(manager, dataType, x);
        firstNorm.initialize(manager, dataType, x);
        secondNorm.initialize(manager, dataType, x);
    }
}
