package dev.ligature;

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
import dev.ligature.annotation.Role;
import dev.ligature.inject.ModuleWalker;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A model of one module, named layer. */
public final class OneLayer extends AbstractBlock {
    public Block layer;

    private OneLayer(Block layer) {
        super((byte) 1);
        this.layer = addChildBlock("layer", layer);
    }

    /**
     * Returns an initialised model.
     *
     * @param weights the values by parameter type; any other parameter is drawn
     * @param input the shape of an input
     */
    public static OneLayer create(
            Block layer,
            Map<Parameter.Type, NDArray> weights,
            NDManager manager,
            DataType type,
            Shape input) {
        OneLayer model = new OneLayer(layer);
        weights.forEach(
                (kind, values) ->
                        model.setInitializer((m, shape, t) -> values.toType(t, true), kind));
        model.initialize(manager, type, input);
        return model;
    }

    public static void visit(OneLayer model, ModuleWalker visitor) {
        model.layer = visitor.module("layer", Role.MODULE, model.layer);
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore store,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        return layer.forward(store, inputs, training, params);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return layer.getOutputShapes(inputShapes);
    }

    @Override
    protected void initializeChildBlocks(NDManager manager, DataType type, Shape... shapes) {
        layer.initialize(manager, type, shapes);
    }
}
