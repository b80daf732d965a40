package dev.ligature.internal.slot;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import org.jspecify.annotations.Nullable;

/**
 * One call of a slot in a forward pass.
 *
 * @param store what the slot's block reads from: the base's values of the parameters that the slot
 *     adapts itself, adapted values of all others
 */
public record SlotCall(
        Slot slot,
        ParameterStore store,
        NDList inputs,
        boolean training,
        @Nullable PairList<String, Object> params) {

    /** Returns the outputs of the slot's block. */
    public NDList base() {
        return slot.base().forward(store, inputs, training, params);
    }

    /** Returns the manager of the inputs, which owns what the call computes. */
    public NDManager manager() {
        return inputs.head().getManager();
    }

    /** Returns the same call over another store. */
    public SlotCall over(ParameterStore other) {
        return new SlotCall(slot, other, inputs, training, params);
    }

    /** Returns the same call with other inputs. */
    public SlotCall with(NDList others) {
        return new SlotCall(slot, store, others, training, params);
    }
}
