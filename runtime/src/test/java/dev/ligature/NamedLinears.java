package dev.ligature;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.annotation.Role;
import dev.ligature.inject.ModuleWalker;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A model of linear layers (4, 4) with the names of a larger one, such as {@code
 * decoder.layers.0.q}: each pass calls, in order, those that a test lets it call.
 */
public final class NamedLinears extends AbstractBlock {
    private static final int D = 4;

    /** The layers that passes call: names, or the beginnings of names with a dot. */
    public List<String> called;

    private final Map<String, Block> layers = new LinkedHashMap<>();

    private NamedLinears(List<String> names) {
        super((byte) 1);
        called = names;
        for (String name : names) {
            Block layer = Linear.builder().setUnits(D).build();
            layers.put(name, addChildBlock(name.replace('.', '_'), layer));
        }
    }

    public static NamedLinears create(NDManager manager, String... names) {
        NamedLinears model = new NamedLinears(List.of(names));
        int[] salt = {1};
        for (Parameter.Type kind : Parameter.Type.values()) {
            model.setInitializer(
                    (m, shape, t) -> m.create(Numbers.fill(shape, salt[0]++), shape), kind);
        }
        model.initialize(manager, DataType.FLOAT32, new Shape(1, D));
        return model;
    }

    public static void visit(NamedLinears model, ModuleWalker visitor) {
        model.layers.replaceAll((name, layer) -> visitor.module(name, Role.MODULE, layer));
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore store,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDList hidden = inputs;
        for (Map.Entry<String, Block> layer : layers.entrySet()) {
            boolean calls =
                    called.stream()
                            .anyMatch(
                                    name ->
                                            layer.getKey().equals(name)
                                                    || (name.endsWith(".")
                                                            && layer.getKey().startsWith(name)));
            if (calls) {
                hidden = layer.getValue().forward(store, hidden, training, params); // (B, 4)
            }
        }
        return hidden;
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return inputShapes;
    }

    @Override
    protected void initializeChildBlocks(NDManager manager, DataType type, Shape... shapes) {
        layers.values().forEach(layer -> layer.initialize(manager, type, shapes));
    }
}
