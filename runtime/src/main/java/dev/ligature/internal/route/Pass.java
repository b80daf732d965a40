package dev.ligature.internal.route;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Parameter;
import dev.ligature.internal.slot.Slot;
import dev.ligature.internal.slot.SlotCall;
import dev.ligature.ops.LinearTerms;
import org.jspecify.annotations.Nullable;

/** One forward pass along a route, for one thread. */
public interface Pass {
    /** Returns the outputs of a slot. */
    NDList forward(SlotCall call);

    /**
     * Returns what a slot computes, if it is a linear block with factors of adapters beside it;
     * else null.
     *
     * @param call a call without gradients
     */
    default @Nullable LinearTerms linear(SlotCall call) {
        return null;
    }

    /** Returns whether the pass is known to do nothing at a slot. */
    default boolean isUnadapted(Slot slot) {
        return false;
    }

    /**
     * Returns an adapted parameter, for a block that reads it without its slot.
     *
     * @param training whether the block asks for a graph
     */
    NDArray view(Parameter parameter, NDArray value, boolean training);

    /** Ends the pass, and frees what it has leased. */
    default void end() {}
}
