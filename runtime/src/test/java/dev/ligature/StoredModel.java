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
import org.jspecify.annotations.Nullable;

/**
 * A model of a user's blocks, which store their weights as DJL does or all transposed. Models of
 * both storages have the same weights, and so the same outputs.
 */
public final class StoredModel extends AbstractBlock {
    static final int V = 9;
    static final int D = 4;
    static final int H = 6;

    Block embed;
    Block fc;
    Block head;

    /** Whether the hidden states are added what the weight of fc, read past its field, gives. */
    boolean readsPastTheField;

    private final Parameter fcWeight;
    private final boolean transposed;
    private final boolean tied;
    private final int hidden;

    private StoredModel(boolean transposed, boolean tied, boolean transposedHead) {
        super((byte) 1);
        this.transposed = transposed;
        this.tied = tied;
        OwnBlock table = OwnBlock.embedding(V, D, transposed);
        embed = addChildBlock("embed", table);
        hidden = tied ? D : H;
        OwnBlock linear = OwnBlock.linear(hidden, true, transposed);
        fc = addChildBlock("fc", linear);
        fcWeight = linear.weight();
        head =
                addChildBlock(
                        "head",
                        tied
                                ? OwnBlock.reader(table.weight(), transposedHead)
                                : OwnBlock.linear(V, false, transposed));
    }

    public static StoredModel create(boolean transposed, NDManager manager) {
        return initialised(new StoredModel(transposed, false, transposed), manager);
    }

    /** Returns a model whose head reads the table of the embedding. */
    static StoredModel tied(boolean transposed, boolean transposedHead, NDManager manager) {
        return initialised(new StoredModel(transposed, true, transposedHead), manager);
    }

    private static StoredModel initialised(StoredModel model, NDManager manager) {
        int[] salt = {1};
        for (Parameter.Type type :
                new Parameter.Type[] {Parameter.Type.WEIGHT, Parameter.Type.BIAS}) {
            model.setInitializer(
                    (m, shape, t) -> values(m, shape, model.transposed, salt[0]++), type);
        }
        model.initialize(manager, DataType.FLOAT32, new Shape(2, 3));
        return model;
    }

    private static NDArray values(NDManager manager, Shape shape, boolean transposed, int salt) {
        if (!transposed || shape.dimension() != 2) {
            return manager.create(Numbers.fill(shape, salt), shape);
        }
        Shape logical = new Shape(shape.get(1), shape.get(0));
        NDArray stored = manager.zeros(shape);
        return stored.addi(manager.create(Numbers.fill(logical, salt), logical).transpose());
    }

    public static void visit(StoredModel model, ModuleWalker visitor) {
        model.embed = visitor.module("embed", Role.INPUT_EMBEDDING, model.embed);
        model.fc = visitor.module("fc", Role.MODULE, model.fc);
        model.head = visitor.module("head", Role.OUTPUT_HEAD, model.head);
        if (model.tied) {
            visitor.tie("head", "embed");
        }
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore store,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDArray x = embed.forward(store, inputs, training, params).head(); // (B, T, D)
        NDArray y = fc.forward(store, new NDList(x), training, params).head(); // (B, T, H)
        if (readsPastTheField) {
            NDArray w = store.getValue(fcWeight, x.getDevice(), training);
            y = y.add(x.matMul(transposed ? w : w.transpose()));
        }
        return head.forward(store, new NDList(y), training, params);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return new Shape[] {inputShapes[0].add(V)};
    }

    @Override
    protected void initializeChildBlocks(NDManager manager, DataType type, Shape... shapes) {
        embed.initialize(manager, type, shapes);
        fc.initialize(manager, type, shapes[0].add(D));
        head.initialize(manager, type, shapes[0].add(hidden));
    }
}
