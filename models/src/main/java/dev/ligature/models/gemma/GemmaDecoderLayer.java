package dev.ligature.models.gemma;

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
import dev.ligature.models.block.Residual;
import dev.ligature.models.block.RmsNorm;
import dev.ligature.models.decoder.DecoderConfig;
import org.jspecify.annotations.Nullable;

/**
 * One layer: attention and the feed-forward part, each between two norms, beside a residual path.
 * Inputs and outputs are those of {@link GroupedAttention}.
 */
public final class GemmaDecoderLayer extends AbstractBlock {
    private static final byte VERSION = 1;

    @LoraChild("self_attn")
    final GemmaAttention attention;

    @LoraChild("mlp")
    final GatedMlp mlp;

    @LoraTarget("input_layernorm")
    Block inputNorm;

    @LoraTarget("post_attention_layernorm")
    Block postAttentionNorm;

    @LoraTarget("pre_feedforward_layernorm")
    Block preFeedforwardNorm;

    @LoraTarget("post_feedforward_layernorm")
    Block postFeedforwardNorm;

    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    GemmaDecoderLayer(GemmaConfig config, LayerKind kind) {
        super(VERSION);
        DecoderConfig decoder = config.decoder();
        long d = decoder.hiddenSize();
        attention = addChildBlock("self_attn", new GemmaAttention(config, kind));
        mlp =
                addChildBlock(
                        "mlp",
                        new GatedMlp(d, decoder.intermediateSize(), false, decoder.activation()));
        inputNorm = norm("input_layernorm", decoder);
        postAttentionNorm = norm("post_attention_layernorm", decoder);
        preFeedforwardNorm = norm("pre_feedforward_layernorm", decoder);
        postFeedforwardNorm = norm("post_feedforward_layernorm", decoder);
    }

    private Block norm(String name, DecoderConfig decoder) {
        return addChildBlock(name, RmsNorm.onePlus(decoder.hiddenSize(), decoder.normEps()));
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDArray x = inputs.get(0); // (B, T, d)
        NDList attentionInputs = new NDList(inputs);
        NDList normed = inputNorm.forward(parameterStore, new NDList(x), training, params);
        attentionInputs.set(0, normed.singletonOrThrow());
        NDList outputs = attention.forward(parameterStore, attentionInputs, training, params);
        NDList attended = new NDList(outputs.get(0));
        attended = postAttentionNorm.forward(parameterStore, attended, training, params);
        x = Residual.plus(x, attended.singletonOrThrow(), training); // (B, T, d)
        NDList fed = preFeedforwardNorm.forward(parameterStore, new NDList(x), training, params);
        fed = mlp.forward(parameterStore, fed, training, params);
        fed = postFeedforwardNorm.forward(parameterStore, fed, training, params);
        outputs.set(0, Residual.plus(x, fed.singletonOrThrow(), training)); // (B, T, d)
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
