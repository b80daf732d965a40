package dev.ligature.internal.route;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Parameter;
import dev.ligature.internal.slot.SlotCall;

/** One forward pass along a route, for one thread. */
public interface Pass {
    /** Returns the outputs of a slot. */
    NDList forward(SlotCall call);

    /**
     * Returns an adapted parameter, for a block that reads it without its slot.
     *
     * @param training whether the block asks for a graph
     */
    NDArray view(Parameter parameter, NDArray value, boolean training);

    /** Ends the pass, and frees what it has leased. */
    default void end() {}
}
