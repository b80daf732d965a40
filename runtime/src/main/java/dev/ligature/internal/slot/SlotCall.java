package dev.ligature.internal.slot;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.internal.effect.BoundAdapter;
import dev.ligature.internal.effect.SlotEffect;
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
public record SlotCall(
        ParameterStore store,
        NDList inputs,
        boolean training,
        @Nullable PairList<String, Object> params) {

    /** Returns what the base makes of the inputs. Of its own weight that is no W + ΔW. */
    public NDList base(Slot slot) {
        return slot.base().forward(store, inputs, training, params);
    }

    /** Returns the outputs with what one adapter does. */
    public NDList through(SlotEffect effect, BoundAdapter binding) {
        return effect.forward(store, inputs, training, params, binding.trains(training));
    }

    /** Returns the same call over the store with what one adapter replaces. */
    public SlotCall given(SlotEffect effect, BoundAdapter binding) {
        return new SlotCall(
                effect.given(store, inputs, binding.trains(training)), inputs, training, params);
    }

    /** Returns the outputs with what the adapter of {@link #given} replaces, without its pair. */
    public NDList replaced(SlotEffect effect, BoundAdapter binding) {
        return effect.replaced(store, inputs, training, params, binding.trains(training));
    }

    /** Adds the term of an adapter to an output, in place when serving. */
    public NDArray onto(NDArray y, SlotEffect effect, BoundAdapter binding) {
        return effect.onto(y, store, inputs.head(), training, binding.trains(training));
    }

    /** Returns the same call with other inputs. */
    public SlotCall with(NDList others) {
        return new SlotCall(store, others, training, params);
    }
}
