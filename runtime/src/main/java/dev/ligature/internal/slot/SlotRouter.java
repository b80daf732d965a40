package dev.ligature.internal.slot;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.ops.LinearTerms;
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

    /**
     * Returns what a slot computes, if it is a linear block with factors of adapters beside it;
     * else null.
     *
     * @param x an array of the pass
     */
    public abstract @Nullable LinearTerms linear(Slot slot, NDArray x);

    /** Returns whether the adapters of the pass do nothing at a slot. */
    public abstract boolean isUnadapted(Slot slot);
}
