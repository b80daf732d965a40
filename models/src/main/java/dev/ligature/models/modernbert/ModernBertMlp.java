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
import org.jspecify.annotations.Nullable;

/**
 * The feed-forward part of a layer: the first half of one projection is activated and multiplied by
 * the second one.
 *
 * <ul>
 *   <li>input and output: {@code (B, T, d)}
 * </ul>
 */
public final class ModernBertMlp extends AbstractBlock {
    private static final byte VERSION = 1;

    @LoraTarget("Wi")
    Block inputProj;

    @LoraTarget("Wo")
    Block outputProj;

    private final ModernBertConfig config;

    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    ModernBertMlp(ModernBertConfig config) {
        super(VERSION);
        this.config = config;
        boolean bias = config.mlpBias();
        inputProj = addChildBlock("input", Linears.of(2L * config.intermediateSize(), bias));
        outputProj = addChildBlock("output", Linears.of(config.hiddenSize(), bias));
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDList halves =
                inputProj
                        .forward(parameterStore, inputs, training, params)
                        .singletonOrThrow() // (B, T, d) -> (B, T, 2I)
                        .split(new long[] {config.intermediateSize()}, 2); // 2 × (B, T, I)
        NDArray activated = config.hiddenActivation().of(halves.get(0), training);
        NDArray gate = halves.get(1);
        NDArray gated = training ? activated.mul(gate) : activated.muli(gate); // (B, T, I)
        return outputProj.forward(
                parameterStore, new NDList(gated), training, params); // (B, T, I) -> (B, T, d)
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return new Shape[] {inputShapes[0]};
    }

    @Override
    public void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
        Shape x = inputShapes[0]; // (B, T, d)
        inputProj.initialize(manager, dataType, x);
        outputProj.initialize(
                manager, dataType, new Shape(x.get(0), x.get(1), config.intermediateSize()));
    }
}
