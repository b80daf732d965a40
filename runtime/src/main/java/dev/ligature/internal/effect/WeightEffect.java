package dev.ligature.internal.effect;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.training.ParameterStore;
import java.util.Comparator;
import java.util.List;

/**
 * What one adapter does to one parameter of the base. The readers that are adapted together have
 * one of these; it gives the parameter as they see it to whoever reads it in one piece: a merge, an
 * export, or a block that is not a slot.
 */
public sealed interface WeightEffect permits LowRankEffect, ReplacementEffect, TokenRowsEffect {
    /**
     * Returns the parameter with the adapter, for computing without a graph, in the data type of
     * the base's.
     *
     * @param w the base's values, (out, in) of a weight, or those with other adapters
     * @param base the base's values, or what stands in place of them
     * @param owner the manager of the result, unless it is an array of the adapter itself
     */
    NDArray adapted(NDArray w, NDArray base, NDManager owner);

    /**
     * Returns the parameter with the adapter and the graph of a training forward, in the data type
     * of the base's.
     *
     * @param w the base's values, (out, in) of a weight, or those with other adapters
     * @param base the base's values, or what stands in place of them
     * @param store the trainer's store, which has what is trained
     * @param owner the manager of the result, unless it is an array of the adapter itself
     */
    NDArray trained(NDArray w, NDArray base, ParameterStore store, NDManager owner);

    /**
     * Returns what {@link #adapted} does as an array of its own, which changes no more.
     *
     * @param w the base's values, (out, in) of a weight, or those with other adapters
     * @param base the base's values, or what stands in place of them
     * @param owner the manager of the result
     */
    default NDArray merged(NDArray w, NDArray base, NDManager owner) {
        return adapted(w, base, owner);
    }

    /** Returns whether it stands in place of the base's values, or of some of them. */
    boolean replaces();

    /** Returns effects of several adapters on one parameter in the order in which they work. */
    static List<WeightEffect> inOrder(List<WeightEffect> effects) {
        return effects.stream().sorted(Comparator.comparing(effect -> !effect.replaces())).toList();
    }

    /** Returns what the adapter has here, in a few words, for messages. */
    String kind();

    /** Returns the name of the part of the adapter that this is, for messages. */
    String name();
}
