package dev.ligature.models.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.block.Cast;
import dev.ligature.ops.LayerTerms;
import dev.ligature.ops.OperatorLookup;
import dev.ligature.ops.Operators;
import org.jspecify.annotations.Nullable;

/**
 * Divides by the root mean square of the last axis and multiplies by a learned factor: {@code y = w
 * · x / √(mean(x²) + ε)} (Zhang and Sennrich, "Root Mean Square Layer Normalization", 2019). Gemma
 * multiplies by 1 + w instead.
 *
 * <p>The root mean square of half-precision input is computed in fp32, as Transformers does.
 *
 * <ul>
 *   <li>input and output: {@code (…, d)}
 *   <li>weight: {@code (d)}, of type {@link Parameter.Type#GAMMA}
 * </ul>
 */
public final class RmsNorm extends AbstractBlock {
    private static final byte VERSION = 1;

    private final float epsilon;
    private final boolean onePlus;
    private final Parameter weight;

    public RmsNorm(long size, double epsilon) {
        this(size, epsilon, false);
    }

    @SuppressWarnings("this-escape") // addParameter is how DJL blocks are built
    private RmsNorm(long size, double epsilon, boolean onePlus) {
        super(VERSION);
        this.epsilon = (float) epsilon;
        this.onePlus = onePlus;
        this.weight =
                addParameter(
                        Parameter.builder()
                                .setName("weight")
                                .setType(Parameter.Type.GAMMA)
                                .optShape(new Shape(size))
                                .build());
    }

    /** Returns a norm that multiplies by 1 + w, in fp32 whatever the type of x. */
    public static RmsNorm onePlus(long size, double epsilon) {
        return new RmsNorm(size, epsilon, true);
    }

    /**
     * Returns what a block computes in a pass without gradients, if it is a norm in fp32 that
     * multiplies by w; else null.
     *
     * @param block the block
     * @param x an array of the pass
     * @param call the forward pass
     */
    public static LayerTerms.@Nullable Norm terms(Block block, NDArray x, Call call) {
        Block plain = OperatorLookup.unadapted(block, call.parameterStore());
        if (!(plain instanceof RmsNorm norm) || norm.onePlus) {
            return null;
        }
        NDArray w = call.parameterStore().getValue(norm.weight, x.getDevice(), false); // (d)
        return w.getDataType() == DataType.FLOAT32 ? new LayerTerms.Norm(w, norm.epsilon) : null;
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDArray x = inputs.singletonOrThrow(); // (…, d)
        NDArray w = parameterStore.getValue(weight, x.getDevice(), training); // (d)
        NDArray wide = Cast.to(x, DataType.FLOAT32);
        Operators operators = OperatorLookup.of(parameterStore, x, training);
        if (onePlus) {
            // The sum is of the manager and the type of its left side.
            NDArray factor = x.getManager().ones(w.getShape(), DataType.FLOAT32).addi(w); // (d)
            return new NDList(Cast.to(operators.rmsNorm(wide, factor, epsilon), x.getDataType()));
        }
        if (x == wide && w.getDataType() == DataType.FLOAT32) {
            return new NDList(operators.rmsNorm(x, w, epsilon));
        }
        NDArray one = x.getManager().ones(w.getShape(), DataType.FLOAT32); // (d)
        NDArray y = Cast.to(operators.rmsNorm(wide, one, epsilon), x.getDataType()); // (…, d)
        // Autograd needs the product for the gradient of w, so only inference may overwrite it.
        return new NDList(training ? y.mul(w) : y.muli(w)); // (…, d) * (d)
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return new Shape[] {inputShapes[0]};
    }

    @Override
    public void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
        // The weight's shape is given; there are no children.
    }
}
