package dev.ligature.models.olmo2;

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
import dev.ligature.models.block.Call;
import dev.ligature.models.block.GatedMlp;
import dev.ligature.models.block.GroupedAttention;
import dev.ligature.models.block.LayerKind;
import dev.ligature.models.block.Residual;
import dev.ligature.models.block.RmsNorm;
import dev.ligature.models.decoder.DecoderConfig;
import org.jspecify.annotations.Nullable;

/**
 * One layer: attention and the feed-forward part, each with a norm behind it, beside a residual
 * path. Inputs and outputs are those of {@link GroupedAttention}.
 */
public final class Olmo2DecoderLayer extends AbstractBlock {
    private static final byte VERSION = 1;

    @LoraChild("self_attn")
    final Olmo2Attention attention;

    @LoraChild("mlp")
    final GatedMlp mlp;

    @LoraTarget("post_attention_layernorm")
    Block postAttentionNorm;

    @LoraTarget("post_feedforward_layernorm")
    Block postFeedforwardNorm;

    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    Olmo2DecoderLayer(DecoderConfig config, LayerKind kind) {
        super(VERSION);
        long d = config.hiddenSize();
        double eps = config.normEps();
        attention = addChildBlock("self_attn", new Olmo2Attention(config, kind));
        mlp =
                addChildBlock(
                        "mlp",
                        new GatedMlp(d, config.intermediateSize(), false, config.activation()));
        postAttentionNorm = addChildBlock("post_attention_layernorm", new RmsNorm(d, eps));
        postFeedforwardNorm = addChildBlock("post_feedforward_layernorm", new RmsNorm(d, eps));
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        Call call = new Call(parameterStore, training, params);
        NDList outputs = call.of(attention, inputs);
        NDArray attended = call.of(postAttentionNorm, outputs.get(0));
        NDArray x = Residual.plus(inputs.get(0), attended, training); // (B, T, d)
        NDArray fed = call.of(postFeedforwardNorm, call.of(mlp, x));
        outputs.set(0, Residual.plus(x, fed, training)); // (B, T, d)
        return outputs;
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return attention.getOutputShapes(inputShapes);
    }

    @Override
    public void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
        for (Block child : getChildren().values()) {
            child.initialize(manager, dataType, inputShapes[0]); // (B, T, d)
        }
    }
}
