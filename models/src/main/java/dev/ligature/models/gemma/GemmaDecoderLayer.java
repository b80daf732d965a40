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
import dev.ligature.models.block.Call;
import dev.ligature.models.block.GatedMlp;
import dev.ligature.models.block.GroupedAttention;
import dev.ligature.models.block.LayerKind;
import dev.ligature.models.block.Residual;
import dev.ligature.models.block.RmsNorm;
import dev.ligature.models.decoder.DecoderAttention;
import dev.ligature.models.decoder.DecoderConfig;
import org.jspecify.annotations.Nullable;

/**
 * One layer: attention and the feed-forward part, each between two norms, beside a residual path.
 * Inputs and outputs are those of {@link GroupedAttention}.
 */
public final class GemmaDecoderLayer extends AbstractBlock {
    private static final byte VERSION = 1;

    @LoraChild("self_attn")
    final DecoderAttention attention;

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
        DecoderAttention.Form form =
                new DecoderAttention.Form(
                        decoder.heads(),
                        decoder.attentionBias(),
                        decoder.attentionBias(),
                        config.scoreCap(),
                        config.headNorms()
                                ? () -> RmsNorm.onePlus(decoder.heads().size(), decoder.normEps())
                                : null);
        attention = addChildBlock("self_attn", new DecoderAttention(d, form, kind.rope()));
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
        Call call = new Call(parameterStore, training, params);
        NDArray x = inputs.get(0); // (B, T, d)
        NDList attentionInputs = new NDList(inputs);
        attentionInputs.set(0, call.of(inputNorm, x));
        NDList outputs = call.of(attention, attentionInputs);
        x = Residual.plus(x, call.of(postAttentionNorm, outputs.get(0)), training); // (B, T, d)
        NDArray fed = call.of(mlp, call.of(preFeedforwardNorm, x));
        outputs.set(0, Residual.plus(x, call.of(postFeedforwardNorm, fed), training));
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
