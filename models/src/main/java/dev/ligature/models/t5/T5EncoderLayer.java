package dev.ligature.models.t5;

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
import dev.ligature.models.block.Residual;
import dev.ligature.models.block.RmsNorm;
import org.jspecify.annotations.Nullable;

/**
 * One layer of the encoder: attention of the tokens to each other and the feed-forward part, each
 * behind a norm and beside a residual path.
 *
 * <p>Inputs: x {@code (B, S, d)}, and what is added to the scores, {@code (B or 1, H or 1, S, S)}.
 * Output: {@code (B, S, d)}.
 */
public final class T5EncoderLayer extends AbstractBlock {
    private static final byte VERSION = 1;

    @LoraChild("layer.0.SelfAttention")
    final T5Attention attention;

    @LoraTarget("layer.0.layer_norm")
    Block attentionNorm;

    @LoraChild("layer.1.DenseReluDense")
    final T5FeedForward feedForward;

    @LoraTarget("layer.1.layer_norm")
    Block feedForwardNorm;

    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    T5EncoderLayer(T5Config config, boolean biased) {
        super(VERSION);
        long d = config.modelSize();
        attention = addChildBlock("attention", T5Attention.itself(config, biased));
        attentionNorm = addChildBlock("attention_norm", new RmsNorm(d, config.normEps()));
        feedForward = addChildBlock("feed_forward", new T5FeedForward(config));
        feedForwardNorm = addChildBlock("feed_forward_norm", new RmsNorm(d, config.normEps()));
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDArray x = inputs.get(0); // (B, S, d)
        NDList normed = attentionNorm.forward(parameterStore, new NDList(x), training, params);
        NDList attended = new NDList(normed.head(), normed.head(), inputs.get(1));
        NDArray y =
                attention.forward(parameterStore, attended, training, params).singletonOrThrow();
        x = Residual.plus(x, y, training);
        NDList second = feedForwardNorm.forward(parameterStore, new NDList(x), training, params);
        y = feedForward.forward(parameterStore, second, training, params).singletonOrThrow();
        return new NDList(Residual.plus(x, y, training));
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return new Shape[] {inputShapes[0]};
    }

    @Override
    public void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
        for (Block block : getChildren().values()) {
            block.initialize(manager, dataType, inputShapes[0]); // (B, S, d)
        }
    }
}
