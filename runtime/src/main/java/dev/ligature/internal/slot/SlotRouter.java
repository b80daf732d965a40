package dev.ligature.internal.slot;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import org.jspecify.annotations.Nullable;

/**
 * The parameter store of a forward pass that computes slots with adapters. Slot blocks know passes
 * by this class alone.
 */
public abstract class SlotRouter extends ForwardingParameterStore {
    /** Creates the store of a pass. */
    protected SlotRouter(ParameterStore next, NDManager manager) {
        super(next, manager);
    }

    /** Returns whether the pass is through the model that a slot belongs to. */
    public abstract boolean routes(Slot slot);

    /** Returns the outputs of a slot, with what the adapters of the pass do there. */
    public abstract NDList forward(
            Slot slot, NDList inputs, boolean training, @Nullable PairList<String, Object> params);
}
