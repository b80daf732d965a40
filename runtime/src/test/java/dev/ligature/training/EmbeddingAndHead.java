package dev.ligature.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Embedding;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.ops.HeadedModel;
import dev.ligature.ops.OperatorLookup;
import java.util.ArrayList;
import java.util.List;

/** The smallest language model: logits = E[ids] Hᵀ, E and H of shape (V, d). */
final class EmbeddingAndHead extends AbstractBlock implements HeadedModel {
    final Parameter embedding;
    final Parameter head;
    private Runnable betweenForwardAndBackward = () -> {};

    /** The tokens that the head was applied to, call by call. */
    final List<Long> headCalls = new ArrayList<>();

    /** What each of these calls drew from the engine's random numbers. */
    final List<Float> headDraws = new ArrayList<>();

    EmbeddingAndHead(NDManager manager, long vocabulary, long width) {
        this(
                manager.randomNormal(new Shape(vocabulary, width)),
                manager.randomNormal(new Shape(vocabulary, width)));
    }

    @SuppressWarnings("this-escape") // addParameter is how DJL blocks are built
    EmbeddingAndHead(NDArray embedding, NDArray head) {
        super((byte) 1);
        this.embedding = addParameter(weight("embedding", embedding));
        this.head = addParameter(weight("head", head));
        initialize(embedding.getManager(), DataType.FLOAT32, new Shape(1, 1));
    }

    /** Runs something in every training forward pass, before the head. */
    void inForward(Runnable action) {
        betweenForwardAndBackward = action;
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore store,
            NDList inputs,
            boolean training,
            PairList<String, Object> params) {
        NDArray ids = inputs.singletonOrThrow(); // (B, T)
        NDArray table = store.getValue(embedding, ids.getDevice(), training); // (V, d)
        NDArray x =
                Embedding.embedding(ids, table, SparseFormat.DENSE).singletonOrThrow(); // (B, T, d)
        if (training) {
            betweenForwardAndBackward.run();
        }
        return new NDList(OperatorLookup.head(store, x, h -> logits(h, store, training)));
    }

    private NDArray logits(NDArray x, ParameterStore store, boolean training) {
        headCalls.add(x.size() / x.getShape().getLastDimension());
        try (NDArray drawn = x.getManager().randomUniform(0, 1, new Shape(1))) {
            headDraws.add(drawn.toFloatArray()[0]);
        }
        NDArray weight = store.getValue(head, x.getDevice(), training); // (V, d)
        return Linear.linear(x, weight, null).singletonOrThrow(); // (…, V)
    }

    @Override
    public long vocabularySize() {
        return head.getArray().getShape().get(0);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return new Shape[] {inputShapes[0].add(head.getShape().get(0))};
    }

    private static Parameter weight(String name, NDArray array) {
        Parameter parameter =
                Parameter.builder().setName(name).setType(Parameter.Type.WEIGHT).build();
        parameter.setArray(array);
        return parameter;
    }
}
