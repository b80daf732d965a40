package dev.ligature.benchmarks.routing;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.annotation.LoraTarget;
import org.jspecify.annotations.Nullable;

/**
 * A model of one linear layer.
 *
 * <ul>
 *   <li>input and output: {@code (B, T, d)}
 * </ul>
 */
public final class OneLinear extends AbstractBlock {
    private static final byte VERSION = 1;

    @LoraTarget("linear")
    Block linear;

    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    OneLinear(long size) {
        super(VERSION);
        linear = addChildBlock("linear", Linear.builder().setUnits(size).build());
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        return linear.forward(parameterStore, inputs, training, params);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return linear.getOutputShapes(inputShapes);
    }

    @Override
    public void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
        linear.initialize(manager, dataType, inputShapes);
    }
}
