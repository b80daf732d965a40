package dev.ligature.models.modernbert;

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
import org.jspecify.annotations.Nullable;

/**
 * What all heads begin with: a dense layer, its activation and a norm.
 *
 * <ul>
 *   <li>input and output: {@code (…, d)}
 * </ul>
 */
public final class ModernBertHead extends AbstractBlock {
    private static final byte VERSION = 1;

    @LoraTarget("dense")
    Block dense;

    @LoraTarget("norm")
    Block norm;

    private final NamedActivation activation;

    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    ModernBertHead(ModernBertConfig config) {
        super(VERSION);
        activation = config.classifierActivation();
        dense = addChildBlock("dense", Linears.of(config.hiddenSize(), config.classifierBias()));
        norm = addChildBlock("norm", config.norm());
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDArray x = dense.forward(parameterStore, inputs, training, params).singletonOrThrow();
        NDList activated = new NDList(activation.of(x, training));
        return norm.forward(parameterStore, activated, training, params); // (…, d)
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return new Shape[] {inputShapes[0]};
    }

    @Override
    public void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
        dense.initialize(manager, dataType, inputShapes[0]);
        norm.initialize(manager, dataType, inputShapes[0]);
    }
}
