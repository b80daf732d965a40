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

/** The smallest language model: logits = E[ids] Hᵀ, E and H of shape (V, d). */
final class EmbeddingAndHead extends AbstractBlock {
    final Parameter embedding;
    final Parameter head;
    private Runnable betweenForwardAndBackward = () -> {};

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
        return Linear.linear(x, store.getValue(head, ids.getDevice(), training), null); // (B, T, V)
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
