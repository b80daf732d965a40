package dev.ligature.internal.effect;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.ligature.internal.adapter.Values;
import java.util.List;

/**
 * What one adapter does to one parameter of the base. The readers that are adapted together share
 * one of these; it gives the adapted parameter to all that read it in one piece: a merge, an
 * export, or a block that is not a slot.
 */
public sealed interface WeightEffect
        permits LayeredEffect, LowRankEffect, ReplacementEffect, TokenRowsEffect {
    /**
     * Returns the adapted parameter in the data type of the base's.
     *
     * @param w the base's values as they are stored, or those with other adapters
     * @param base the base's values, or what replaces them
     * @param values where the adapter's arrays come from; with a graph if they are trained
     * @param owner the manager of the result, unless it is an array of the adapter itself
     */
    NDArray apply(NDArray w, NDArray base, Values values, NDManager owner);

    /**
     * Returns the adapted parameter as an array of its own, which later steps of the adapter do not
     * change.
     *
     * @param w the base's values as they are stored, or those with other adapters
     * @param base the base's values, or what replaces them
     * @param factor by which the adapter's scaling is multiplied
     * @param owner the manager of the result
     */
    default NDArray merged(NDArray w, NDArray base, double factor, NDManager owner) {
        return apply(w, base, Values.SERVED.times(factor), owner);
    }

    /** Returns the effects that it is made of, the one below first. */
    default List<WeightEffect> layers() {
        return List.of(this);
    }

    /** Returns whether it replaces the base's values, or some of them. */
    boolean replaces();

    /** Returns what the adapter has here, in a few words, for messages. */
    String kind();

    /** Returns the name of this part of the adapter, for messages. */
    String name();
}
