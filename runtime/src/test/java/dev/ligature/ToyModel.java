package dev.ligature;

import ai.djl.ndarray.NDArray;
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
import dev.ligature.block.TiedLinear;
import dev.ligature.block.TokenEmbedding;
import dev.ligature.inject.ModuleWalker;
import dev.ligature.ops.HeadedModel;
import dev.ligature.ops.OperatorLookup;
import org.jspecify.annotations.Nullable;

/**
 * A language model of one layer: logits = head(proj(embed(ids))), with the visit that the processor
 * would write for it.
 */
public class ToyModel extends AbstractBlock implements HeadedModel {
    public static final int V = 7;
    public static final int D = 4;

    public Block embed;
    public Block proj;
    public Block head;
    public final boolean tied;

    /** Whether the head is computed from the embedding's weight without calling its block. */
    public boolean headPastItsField;

    /** Called in each forward pass, between the layers. */
    public Runnable inForward = () -> {};

    ToyModel(boolean tied) {
        this(tied, false);
    }

    ToyModel(boolean tied, boolean headBias) {
        super((byte) 1);
        this.tied = tied;
        embed = addChildBlock("embed", new TokenEmbedding(V, D));
        proj = addChildBlock("proj", Linear.builder().setUnits(D).build());
        head =
                addChildBlock(
                        "head",
                        tied
                                ? new TiedLinear(embed, headBias)
                                : Linear.builder().setUnits(V).optBias(headBias).build());
    }

    /** Returns an initialised model with fixed weights. */
    public static ToyModel create(boolean tied, NDManager manager, DataType type) {
        return create(new ToyModel(tied), manager, type);
    }

    public static ToyModel create(ToyModel model, NDManager manager, DataType type) {
        int[] salt = {1};
        for (Parameter.Type kind : Parameter.Type.values()) {
            model.setInitializer(
                    (m, shape, t) ->
                            m.create(Numbers.fill(shape, salt[0]++), shape).toType(t, false),
                    kind);
        }
        model.initialize(manager, type, new Shape(1, 1));
        return model;
    }

    public static void visit(ToyModel model, ModuleWalker visitor) {
        model.embed = visitor.module("embed", Role.INPUT_EMBEDDING, model.embed);
        model.proj = visitor.module("proj", Role.MODULE, model.proj);
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
        NDList hidden = embed.forward(store, inputs, training, params); // (B, T, D)
        inForward.run();
        NDList mixed = proj.forward(store, hidden, training, params); // (B, T, D)
        return new NDList(
                OperatorLookup.head(store, mixed.head(), x -> logits(x, store, training)));
    }

    private NDArray logits(NDArray x, ParameterStore store, boolean training) {
        if (headPastItsField) {
            Parameter weight = getParameters().get("01embed_weight");
            NDArray w = store.getValue(weight, x.getDevice(), training); // (V, D)
            return Linear.linear(x, w).singletonOrThrow(); // (…, V)
        }
        return head.forward(store, new NDList(x), training).singletonOrThrow(); // (…, V)
    }

    @Override
    public long vocabularySize() {
        return V;
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return new Shape[] {inputShapes[0].add(V)};
    }

    @Override
    protected void initializeChildBlocks(NDManager manager, DataType type, Shape... shapes) {
        embed.initialize(manager, type, shapes);
        Shape hidden = shapes[0].add(D);
        proj.initialize(manager, type, hidden);
        head.initialize(manager, type, hidden);
    }
}
