package dev.ligature;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.plan.ModuleKind;
import org.jspecify.annotations.Nullable;

/**
 * What one adapter does at one slot: how the slot's output comes from its input. Decided once, when
 * the adapter comes to the model.
 */
final class SlotEffect {
    private final Slot slot;
    private final WeightEffect weight;

    SlotEffect(Slot slot, WeightEffect weight) {
        this.slot = slot;
        this.weight = weight;
    }

    /** Returns what is done to the slot's weight; readers that are adapted together have one. */
    WeightEffect weight() {
        return weight;
    }

    /**
     * Returns the pair, if adding its term to the base's output is all that is done here; else
     * null.
     */
    @Nullable FactorPair plainPair() {
        return weight.pair();
    }

    /**
     * Returns the slot's output with the adapter.
     *
     * @param store the caller's store: the base block gets it as it is
     * @param inputs the slot's inputs
     * @param training whether the pass is a training one
     * @param graph whether the adapter itself is trained, so that its arrays come from the store
     */
    NDList forward(
            ParameterStore store,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params,
            boolean graph) {
        NDList output = slot.base().forward(store, inputs, training, params);
        NDArray y = output.singletonOrThrow();
        NDArray sum = onto(y, store, inputs.head(), training, graph);
        return sum == y ? output : new NDList(sum);
    }

    /** Returns whether what is done here is to add a term to an output; others can be added too. */
    boolean isAdditive() {
        return true;
    }

    /**
     * Adds the adapter's term to an output.
     *
     * @param y the base's output, or that with other adapters; overwritten when serving
     * @param store the caller's store
     * @param x the slot's input
     * @param training whether the result is to have a graph
     * @param graph whether the adapter itself is trained
     */
    NDArray onto(NDArray y, ParameterStore store, NDArray x, boolean training, boolean graph) {
        FactorArrays factors =
                graph
                        ? weight.trainedFactors(store, y.getDevice(), y.getManager())
                        : weight.detachedFactors(y.getManager());
        return slot.kind() == ModuleKind.EMBEDDING
                ? factors.addEmbedding(x, y, training)
                : factors.addLinear(x, y, weight.pair().plan().dropout(), training);
    }
}
