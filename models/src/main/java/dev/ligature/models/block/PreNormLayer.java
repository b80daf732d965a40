package dev.ligature.models.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.ops.LayerTerms;
import org.jspecify.annotations.Nullable;

/**
 * A layer of attention and a feed-forward part, each behind a norm and beside a residual path. The
 * parts are declared by the classes that extend this one.
 *
 * <p>Inputs and outputs are those of {@link GroupedAttention}. Without training the sums of the
 * residual path are made in the input x.
 */
public abstract class PreNormLayer extends AbstractBlock {
    private static final byte VERSION = 1;

    /** Creates a layer without parts. */
    protected PreNormLayer() {
        super(VERSION);
    }

    /** Returns the norm before attention; null if there is none. */
    protected abstract @Nullable Block attentionNorm();

    /** Returns the attention. */
    protected abstract GroupedAttention attention();

    /** Returns the norm before the feed-forward part. */
    protected abstract Block feedForwardNorm();

    /** Returns the feed-forward part, {@code (B, T, d)} to {@code (B, T, d)}. */
    protected abstract Block feedForward();

    /**
     * Returns what the layer computes of one new token of each text, if that is what {@link
     * LayerTerms} says in this pass; else null.
     *
     * @param x an array of the pass
     * @param tables the rotary tables of the layer
     * @param texts the pass, which has entered the layer
     */
    final @Nullable LayerTerms terms(NDArray x, RotaryTables tables, TextsPass texts, Call call) {
        Block norm = attentionNorm();
        if (norm == null || !(feedForward() instanceof GatedMlp mlp)) {
            return null;
        }
        LayerTerms.Norm before = RmsNorm.terms(norm, x, call);
        LayerTerms.Norm between = RmsNorm.terms(feedForwardNorm(), x, call);
        LayerTerms.Attention attention = attention().terms(x, tables, texts, call);
        return before == null || between == null || attention == null
                ? null
                : mlp.terms(before, attention, between, x, call.parameterStore());
    }

    @Override
    protected final NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        Call call = new Call(parameterStore, training, params);
        NDArray x = inputs.get(0); // (B, T, d)
        NDList attentionInputs = new NDList(inputs);
        Block norm = attentionNorm();
        attentionInputs.set(0, norm == null ? x : call.of(norm, x));
        NDList outputs = call.of(attention(), attentionInputs);
        x = Residual.plus(x, outputs.get(0), training); // (B, T, d)
        NDArray fed = call.of(feedForward(), call.of(feedForwardNorm(), x));
        outputs.set(0, Residual.plus(x, fed, training)); // (B, T, d)
        return outputs;
    }

    @Override
    public final Shape[] getOutputShapes(Shape[] inputShapes) {
        return GroupedAttention.outputShapes(inputShapes);
    }

    @Override
    public final void initializeChildBlocks(
            NDManager manager, DataType dataType, Shape... inputShapes) {
        for (Block child : getChildren().values()) {
            child.initialize(manager, dataType, inputShapes[0]); // (B, T, d)
        }
    }
}
