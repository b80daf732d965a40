package dev.ligature.models.gpt2;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.block.AdaptableBlock;
import dev.ligature.plan.ModuleKind;
import org.jspecify.annotations.Nullable;

/**
 * A linear layer whose weight is stored as (in, out), as the files of GPT-2 have it.
 *
 * <ul>
 *   <li>input: {@code (…, in)}
 *   <li>output: {@code (…, out)}
 *   <li>weight: {@code (in, out)}
 * </ul>
 */
final class Conv1d extends AbstractBlock implements AdaptableBlock {
    private static final byte VERSION = 1;

    private final long out;
    private final Parameter weight;
    private final Parameter bias;

    @SuppressWarnings("this-escape") // addParameter is how DJL blocks are built
    Conv1d(long in, long out) {
        super(VERSION);
        this.out = out;
        weight = addParameter(parameter("weight", Parameter.Type.WEIGHT, new Shape(in, out)));
        bias = addParameter(parameter("bias", Parameter.Type.BIAS, new Shape(out)));
    }

    private static Parameter parameter(String name, Parameter.Type type, Shape shape) {
        return Parameter.builder().setName(name).setType(type).optShape(shape).build();
    }

    @Override
    public ModuleKind moduleKind() {
        return ModuleKind.LINEAR;
    }

    @Override
    public Parameter weight() {
        return weight;
    }

    @Override
    public boolean isWeightTransposed() {
        return true;
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDArray x = inputs.singletonOrThrow(); // (…, in)
        NDArray w = parameterStore.getValue(weight, x.getDevice(), training); // (in, out)
        NDArray b = parameterStore.getValue(bias, x.getDevice(), training); // (out)
        // The product of matrices keeps its factors for the gradient, not the product.
        return new NDList(x.matMul(w).addi(b)); // (…, in) x (in, out) -> (…, out)
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        Shape x = inputShapes[0];
        return new Shape[] {x.slice(0, x.dimension() - 1).add(out)};
    }

    @Override
    public void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
        // The shapes are given; there are no children.
    }
}
