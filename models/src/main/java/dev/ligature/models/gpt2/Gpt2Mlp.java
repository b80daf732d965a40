package dev.ligature.models.gpt2;

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
import dev.ligature.models.block.NamedActivation;
import org.jspecify.annotations.Nullable;

/**
 * The feed-forward part of a layer: {@code projection(activation(first(x)))}.
 *
 * <ul>
 *   <li>input and output: {@code (B, T, d)}
 * </ul>
 */
public final class Gpt2Mlp extends AbstractBlock {
    private static final byte VERSION = 1;

    @LoraTarget("c_fc")
    Block first;

    @LoraTarget("c_proj")
    Block projection;

    private final long innerSize;
    private final NamedActivation activation;

    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    Gpt2Mlp(Gpt2Config config) {
        super(VERSION);
        long d = config.hiddenSize();
        innerSize = config.innerSize();
        activation = config.activation();
        first = addChildBlock("c_fc", new Conv1d(d, innerSize));
        projection = addChildBlock("c_proj", new Conv1d(innerSize, d));
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDArray inner =
                first.forward(parameterStore, inputs, training, params)
                        .singletonOrThrow(); // (B, T, d) -> (B, T, I)
        NDList active = new NDList(activation.of(inner, training)); // (B, T, I)
        return projection.forward(
                parameterStore, active, training, params); // (B, T, I) -> (B, T, d)
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return new Shape[] {inputShapes[0]};
    }

    @Override
    public void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
        Shape x = inputShapes[0]; // (B, T, d)
        first.initialize(manager, dataType, x);
        projection.initialize(manager, dataType, new Shape(x.get(0), x.get(1), innerSize));
    }
}
