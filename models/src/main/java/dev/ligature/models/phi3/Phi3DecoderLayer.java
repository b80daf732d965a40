package dev.ligature.models.phi3;

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
import dev.ligature.models.block.RmsNorm;
import dev.ligature.models.decoder.DecoderConfig;
import org.jspecify.annotations.Nullable;

/**
 * One layer: attention and the feed-forward part, each behind a norm and beside a residual path.
 *
 * <p>Inputs and outputs are those of {@link GroupedAttention}. Without training the sums of the
 * residual path are made in the input x.
 */
public final class Phi3DecoderLayer extends AbstractBlock {
    private static final byte VERSION = 1;

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
        super(VERSION);
        long d = config.hiddenSize();
        attention = addChildBlock("self_attn", new Phi3Attention(config, kind));
        mlp = addChildBlock("mlp", new Phi3Mlp(config));
        inputNorm = addChildBlock("input_layernorm", new RmsNorm(d, config.normEps()));
        postAttentionNorm =
                addChildBlock("post_attention_layernorm", new RmsNorm(d, config.normEps()));
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
                inputNorm
                        .forward(parameterStore, new NDList(x), training, params)
                        .singletonOrThrow());
        NDList outputs = attention.forward(parameterStore, attentionInputs, training, params);
        x = Residual.plus(x, outputs.get(0), training); // (B, T, d)
        NDList normed = postAttentionNorm.forward(parameterStore, new NDList(x), training, params);
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
        inputNorm.initialize(manager, dataType, x);
        postAttentionNorm.initialize(manager, dataType, x);
    }
}
