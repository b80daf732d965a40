package dev.ligature.models.llama;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.models.block.Linears;
import org.jspecify.annotations.Nullable;

/**
 * The gated feed-forward part of a layer: {@code down(silu(gate(x)) · up(x))} (Shazeer, "GLU
 * Variants Improve Transformer", 2020).
 *
 * <ul>
 *   <li>input and output: {@code (B, T, d)}
 * </ul>
 */
public final class LlamaMlp extends AbstractBlock {
    private static final byte VERSION = 1;

    @LoraTarget("gate_proj")
    Block gateProj;

    @LoraTarget("up_proj")
    Block upProj;

    @LoraTarget("down_proj")
    Block downProj;

    private final long intermediateSize;

    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    LlamaMlp(LlamaConfig config) {
        super(VERSION);
        intermediateSize = config.intermediateSize();
        boolean bias = config.mlpBias();
        gateProj = addChildBlock("gate_proj", Linears.of(intermediateSize, bias));
        upProj = addChildBlock("up_proj", Linears.of(intermediateSize, bias));
        downProj = addChildBlock("down_proj", Linears.of(config.hiddenSize(), bias));
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
        // Activation.swish multiplies by a Java number, which breaks gradients.
        NDArray sigmoid = Activation.sigmoid(gate); // (B, T, I)
        NDArray gated =
                training ? gate.mul(sigmoid).mul(up) : sigmoid.muli(gate).muli(up); // (B, T, I)
        return downProj.forward(
                parameterStore, new NDList(gated), training, params); // (B, T, I) -> (B, T, d)
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
