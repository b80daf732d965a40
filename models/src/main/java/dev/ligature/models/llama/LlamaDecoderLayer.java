package dev.ligature.models.llama;

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
import dev.ligature.models.block.RmsNorm;
import org.jspecify.annotations.Nullable;

/**
 * One layer: attention and the feed-forward part, each behind a norm and beside a residual path.
 *
 * <p>Inputs and outputs are those of {@link LlamaAttention}. Without training the sums of the
 * residual path are made in the input x.
 */
public final class LlamaDecoderLayer extends AbstractBlock {
    private static final byte VERSION = 1;

    @LoraChild("self_attn")
    final LlamaAttention attention;

    @LoraChild("mlp")
    final LlamaMlp mlp;

    @LoraTarget("input_layernorm")
    Block inputNorm;

    @LoraTarget("post_attention_layernorm")
    Block postAttentionNorm;

    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    LlamaDecoderLayer(LlamaConfig config) {
        super(VERSION);
        long d = config.hiddenSize();
        attention = addChildBlock("self_attn", new LlamaAttention(config));
        mlp = addChildBlock("mlp", new LlamaMlp(config));
        inputNorm = addChildBlock("input_layernorm", new RmsNorm(d, config.rmsNormEps()));
        postAttentionNorm =
                addChildBlock("post_attention_layernorm", new RmsNorm(d, config.rmsNormEps()));
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
        x = plus(x, outputs.get(0), training); // (B, T, d)
        NDList normed = postAttentionNorm.forward(parameterStore, new NDList(x), training, params);
        NDArray fed = mlp.forward(parameterStore, normed, training, params).singletonOrThrow();
        outputs.set(0, plus(x, fed, training)); // (B, T, d)
        return outputs;
    }

    private static NDArray plus(NDArray x, NDArray y, boolean training) {
        return training ? x.add(y) : x.addi(y);
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
