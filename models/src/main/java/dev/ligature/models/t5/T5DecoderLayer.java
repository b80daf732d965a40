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
 * One layer of the decoder: attention of the tokens to each other, attention to the encoder's, and
 * the feed-forward part, each behind a norm and beside a residual path.
 *
 * <p>Inputs, in this order:
 *
 * <ul>
 *   <li>x: {@code (B, T, d)}
 *   <li>what is added to the scores of the first attention: {@code (B or 1, H, T, P+T)}
 *   <li>the encoder's output: {@code (B, S, d)}
 *   <li>what is added to the scores of the second attention: {@code (B or 1, 1, 1, S)}
 *   <li>optionally keys and values of P earlier tokens, {@code (B, H, P, D)} each, and of the
 *       encoder's tokens, {@code (B, H, S or 0, D)} each
 * </ul>
 *
 * <p>Outputs: {@code (B, T, d)}, and if the last four were given, these with the new tokens in.
 */
public final class T5DecoderLayer extends AbstractBlock {
    private static final byte VERSION = 1;
    private static final int CACHED = 4;

    @LoraChild("layer.0.SelfAttention")
    final T5Attention attention;

    @LoraTarget("layer.0.layer_norm")
    Block attentionNorm;

    @LoraChild("layer.1.EncDecAttention")
    final T5Attention encoderAttention;

    @LoraTarget("layer.1.layer_norm")
    Block encoderAttentionNorm;

    @LoraChild("layer.2.DenseReluDense")
    final T5FeedForward feedForward;

    @LoraTarget("layer.2.layer_norm")
    Block feedForwardNorm;

    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    T5DecoderLayer(T5Config config, boolean biased) {
        super(VERSION);
        long d = config.modelSize();
        attention = addChildBlock("attention", T5Attention.itself(config, biased));
        attentionNorm = addChildBlock("attention_norm", new RmsNorm(d, config.normEps()));
        encoderAttention = addChildBlock("encoder_attention", T5Attention.toEncoder(config));
        encoderAttentionNorm =
                addChildBlock("encoder_attention_norm", new RmsNorm(d, config.normEps()));
        feedForward = addChildBlock("feed_forward", new T5FeedForward(config));
        feedForwardNorm = addChildBlock("feed_forward_norm", new RmsNorm(d, config.normEps()));
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDArray x = inputs.get(0); // (B, T, d)
        boolean caching = inputs.size() > CACHED;
        NDList normed = attentionNorm.forward(parameterStore, new NDList(x), training, params);
        NDList first = new NDList(normed.head(), normed.head(), inputs.get(1));
        if (caching) {
            first.addAll(inputs.subNDList(CACHED).subList(0, 2));
        }
        NDList own = attention.forward(parameterStore, first, training, params);
        x = Residual.plus(x, own.head(), training);

        normed = encoderAttentionNorm.forward(parameterStore, new NDList(x), training, params);
        NDList second = new NDList(normed.head(), inputs.get(2), inputs.get(3));
        if (caching) {
            second.addAll(inputs.subNDList(CACHED + 2));
        }
        NDList others = encoderAttention.forward(parameterStore, second, training, params);
        x = Residual.plus(x, others.head(), training);

        normed = feedForwardNorm.forward(parameterStore, new NDList(x), training, params);
        NDArray y =
                feedForward.forward(parameterStore, normed, training, params).singletonOrThrow();
        NDList outputs = new NDList(Residual.plus(x, y, training));
        outputs.addAll(own.subNDList(1)); // none without a cache
        outputs.addAll(others.subNDList(1));
        return outputs;
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        Shape x = inputShapes[0];
        if (inputShapes.length <= CACHED) {
            return new Shape[] {x};
        }
        Shape past = inputShapes[CACHED];
        Shape own = new Shape(past.get(0), past.get(1), past.get(2) + x.get(1), past.get(3));
        Shape others = new Shape(past.get(0), past.get(1), inputShapes[2].get(1), past.get(3));
        return new Shape[] {x, own, own, others, others};
    }

    @Override
    public void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
        for (Block block : getChildren().values()) {
            block.initialize(manager, dataType, inputShapes[0]); // (B, T, d)
        }
    }
}
