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
import dev.ligature.annotation.LoraTarget;
import dev.ligature.ops.LayerTerms;
import dev.ligature.ops.LinearTerms;
import dev.ligature.ops.OperatorLookup;
import org.jspecify.annotations.Nullable;

/**
 * The gated feed-forward part of a layer: {@code down(activation(gate(x)) · up(x))} (Shazeer, "GLU
 * Variants Improve Transformer", 2020).
 *
 * <ul>
 *   <li>input and output: {@code (B, T, d)}
 * </ul>
 */
public final class GatedMlp extends AbstractBlock {
    private static final byte VERSION = 1;

    @LoraTarget("gate_proj")
    Block gateProj;

    @LoraTarget("up_proj")
    Block upProj;

    @LoraTarget("down_proj")
    Block downProj;

    private final long intermediateSize;
    private final NamedActivation activation;

    /**
     * Creates a feed-forward part.
     *
     * @param hiddenSize the size d of a token's hidden state
     * @param intermediateSize the size I between the projections
     * @param bias whether the projections have a bias
     * @param activation what the gate goes through
     */
    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    public GatedMlp(
            long hiddenSize, long intermediateSize, boolean bias, NamedActivation activation) {
        super(VERSION);
        this.intermediateSize = intermediateSize;
        this.activation = activation;
        gateProj = addChildBlock("gate_proj", Linears.of(intermediateSize, bias));
        upProj = addChildBlock("up_proj", Linears.of(intermediateSize, bias));
        downProj = addChildBlock("down_proj", Linears.of(hiddenSize, bias));
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDArray gate =
                gateProj.forward(parameterStore, inputs, training, params)
                        .singletonOrThrow(); // (B, T, d) -> (B, T, I)
        NDArray up =
                upProj.forward(parameterStore, inputs, training, params)
                        .singletonOrThrow(); // (B, T, d) -> (B, T, I)
        NDArray gated = gated(gate, up, parameterStore, training); // (B, T, I)
        return downProj.forward(
                parameterStore, new NDList(gated), training, params); // (B, T, I) -> (B, T, d)
    }

    /** Returns the terms of a layer with this feed-forward part; null if a pass has others. */
    @Nullable LayerTerms terms(
            LayerTerms.Norm attentionNorm,
            LayerTerms.Attention attention,
            LayerTerms.Norm norm,
            NDArray x,
            ParameterStore store) {
        if (activation != NamedActivation.SILU) {
            return null;
        }
        LinearTerms gate = OperatorLookup.linear(gateProj, store, x);
        LinearTerms up = OperatorLookup.linear(upProj, store, x);
        LinearTerms down = OperatorLookup.linear(downProj, store, x);
        return gate == null || up == null || down == null
                ? null
                : new LayerTerms(attentionNorm, attention, norm, gate, up, down);
    }

    private NDArray gated(NDArray gate, NDArray up, ParameterStore store, boolean training) {
        if (activation == NamedActivation.SILU) {
            return OperatorLookup.of(store, gate, training).swiGlu(gate, up);
        }
        NDArray active = activation.of(gate, training);
        return training ? active.mul(up) : active.muli(up);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return new Shape[] {inputShapes[0]};
    }

    @Override
    public void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
        Shape x = inputShapes[0]; // (B, T, d)
        gateProj.initialize(manager, dataType, x);
        upProj.initialize(manager, dataType, x);
        downProj.initialize(manager, dataType, new Shape(x.get(0), x.get(1), intermediateSize));
    }
}
