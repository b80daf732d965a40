package dev.ligature.models.t5;

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
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The feed-forward part of a layer: {@code wo(f(wi(x)))}, or gated, {@code wo(f(wi_0(x)) ·
 * wi_1(x))}.
 *
 * <ul>
 *   <li>input and output: {@code (B, T, d)}
 * </ul>
 */
public final class T5FeedForward extends AbstractBlock {
    private static final byte VERSION = 1;

    @LoraTarget("wi")
    @Nullable Block single;

    @LoraTarget("wi_0")
    @Nullable Block gate;

    @LoraTarget("wi_1")
    @Nullable Block gated;

    @LoraTarget("wo")
    Block output;

    private final NamedActivation activation;
    private final long size;

    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    T5FeedForward(T5Config config) {
        super(VERSION);
        activation = config.activation();
        size = config.feedForwardSize();
        single = config.gated() ? null : addChildBlock("wi", Linears.of(size, false));
        gate = config.gated() ? addChildBlock("wi_0", Linears.of(size, false)) : null;
        gated = config.gated() ? addChildBlock("wi_1", Linears.of(size, false)) : null;
        output = addChildBlock("wo", Linears.of(config.modelSize(), false));
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDArray hidden; // (B, T, f)
        if (single != null) {
            NDArray x = single.forward(parameterStore, inputs, training, params).singletonOrThrow();
            hidden = activation.of(x, training);
        } else {
            NDArray x = of(gate, parameterStore, inputs, training, params);
            hidden =
                    activation
                            .of(x, training)
                            .mul(of(gated, parameterStore, inputs, training, params));
        }
        return output.forward(parameterStore, new NDList(hidden), training, params);
    }

    private static NDArray of(
            @Nullable Block block,
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        return Objects.requireNonNull(block)
                .forward(parameterStore, inputs, training, params)
                .singletonOrThrow();
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return new Shape[] {inputShapes[0]};
    }

    @Override
    public void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
        Shape x = inputShapes[0]; // (B, T, d)
        for (Block block : getChildren().values()) {
            boolean last = block == output;
            block.initialize(manager, dataType, last ? new Shape(x.get(0), x.get(1), size) : x);
        }
    }
}
