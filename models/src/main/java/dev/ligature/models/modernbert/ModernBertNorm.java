package dev.ligature.models.modernbert;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Parameter;
import ai.djl.nn.norm.LayerNorm;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import org.jspecify.annotations.Nullable;

/**
 * A layer norm over the last axis, with or without a bias. DJL's own always has one.
 *
 * <ul>
 *   <li>input and output: {@code (…, d)}
 *   <li>weight and bias: {@code (d)}
 * </ul>
 */
final class ModernBertNorm extends AbstractBlock {
    private static final byte VERSION = 1;

    private final Shape size; // (d)
    private final float epsilon;
    private final Parameter weight;
    private final @Nullable Parameter bias;

    ModernBertNorm(long size, double epsilon, boolean biased) {
        super(VERSION);
        this.size = new Shape(size);
        this.epsilon = (float) epsilon;
        weight = parameter("weight", Parameter.Type.GAMMA);
        bias = biased ? parameter("bias", Parameter.Type.BETA) : null;
    }

    private Parameter parameter(String name, Parameter.Type type) {
        return addParameter(Parameter.builder().setName(name).setType(type).optShape(size).build());
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDArray x = inputs.singletonOrThrow(); // (…, d)
        NDArray w = parameterStore.getValue(weight, x.getDevice(), training);
        NDArray b =
                bias == null
                        ? x.getManager().zeros(size, x.getDataType())
                        : parameterStore.getValue(bias, x.getDevice(), training);
        return LayerNorm.layerNorm(x, size, w, b, epsilon);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return new Shape[] {inputShapes[0]};
    }

    @Override
    public void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
        // The shapes of the parameters are given; there are no children.
    }
}
