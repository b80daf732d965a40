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
import dev.ligature.annotation.LoraTarget;
import dev.ligature.models.block.Linears;
import dev.ligature.models.block.NamedActivation;
import dev.ligature.models.decoder.DecoderConfig;
import org.jspecify.annotations.Nullable;

/**
 * The gated feed-forward part of a layer, whose gate and other half come out of one projection,
 * which is one module for adapters.
 *
 * <ul>
 *   <li>input and output: {@code (B, T, d)}
 * </ul>
 */
public final class Phi3Mlp extends AbstractBlock {
    private static final byte VERSION = 1;

    @LoraTarget("gate_up_proj")
    Block fusedProj;

    @LoraTarget("down_proj")
    Block downProj;

    private final long intermediateSize;
    private final NamedActivation activation;

    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    Phi3Mlp(DecoderConfig config) {
        super(VERSION);
        intermediateSize = config.intermediateSize();
        activation = config.activation();
        fusedProj = addChildBlock("gate_up_proj", Linears.of(2 * intermediateSize, false));
        downProj = addChildBlock("down_proj", Linears.of(config.hiddenSize(), false));
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDList halves =
                fusedProj
                        .forward(parameterStore, inputs, training, params)
                        .singletonOrThrow() // (B, T, d) -> (B, T, 2I)
                        .split(new long[] {intermediateSize}, 2); // 2 × (B, T, I)
        NDArray gated = activation.of(halves.get(0), training).mul(halves.get(1)); // (B, T, I)
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
        fusedProj.initialize(manager, dataType, x);
        downProj.initialize(manager, dataType, new Shape(x.get(0), x.get(1), intermediateSize));
    }
}
