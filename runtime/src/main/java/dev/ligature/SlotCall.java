package dev.ligature;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import org.jspecify.annotations.Nullable;

/**
 * One call of a slot in a forward pass.
 *
 * @param store what the slot's block reads from; it has the base's values of what the slot takes
 *     care of
 * @param inputs the slot's inputs
 * @param training whether the pass is a training one
 * @param params what the caller passes along
 */
record SlotCall(
        ParameterStore store,
        NDList inputs,
        boolean training,
        @Nullable PairList<String, Object> params) {

    /** Returns what the base makes of the inputs. Of its own weight that is no W + ΔW. */
    NDList base(Slot slot) {
        return slot.base().forward(store, inputs, training, params);
    }

    /** Returns the outputs with what one adapter does. */
    NDList through(SlotEffect effect, Binding binding) {
        return effect.forward(store, inputs, training, params, binding.trains(training));
    }

    /** Returns the same call over the store with what one adapter replaces. */
    SlotCall given(SlotEffect effect, Binding binding) {
        return new SlotCall(
                effect.given(store, inputs, binding.trains(training)), inputs, training, params);
    }

    /** Returns the outputs with what the adapter of {@link #given} replaces, without its pair. */
    NDList replaced(SlotEffect effect, Binding binding) {
        return effect.replaced(store, inputs, training, params, binding.trains(training));
    }

    /** Adds the term of an adapter to an output, in place when serving. */
    NDArray onto(NDArray y, SlotEffect effect, Binding binding) {
        return effect.onto(y, store, inputs.head(), training, binding.trains(training));
    }

    /** Returns the same call with other inputs. */
    SlotCall with(NDList others) {
        return new SlotCall(store, others, training, params);
    }
}
