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
import dev.ligature.models.block.GatedMlp;
import dev.ligature.models.block.GroupedAttention;
import dev.ligature.models.block.LayerKind;
import dev.ligature.models.block.NamedActivation;
import dev.ligature.models.block.Residual;
import dev.ligature.models.block.RmsNorm;
import org.jspecify.annotations.Nullable;

/**
 * One layer: attention and the feed-forward part, each behind a norm and beside a residual path.
 *
 * <p>Inputs and outputs are those of {@link GroupedAttention}. Without training the sums of the
 * residual path are made in the input x.
 */
public final class LlamaDecoderLayer extends AbstractBlock {
    private static final byte VERSION = 1;

    @LoraChild("self_attn")
    final LlamaAttention attention;

    @LoraChild("mlp")
    final GatedMlp mlp;

    @LoraTarget("input_layernorm")
    Block inputNorm;

    @LoraTarget("post_attention_layernorm")
    Block postAttentionNorm;

    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    LlamaDecoderLayer(LlamaConfig config, LayerKind kind) {
        super(VERSION);
        long d = config.hiddenSize();
        attention = addChildBlock("self_attn", new LlamaAttention(config, kind));
        mlp =
                addChildBlock(
                        "mlp",
                        new GatedMlp(
                                d,
                                config.intermediateSize(),
                                config.mlpBias(),
                                NamedActivation.SILU));
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
