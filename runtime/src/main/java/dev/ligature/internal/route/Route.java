package dev.ligature.internal.route;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Parameter;
import dev.ligature.internal.adapter.AdapterState;
import dev.ligature.internal.effect.BoundAdapter;
import dev.ligature.internal.slot.Slot;
import dev.ligature.internal.slot.SlotCall;
import dev.ligature.internal.slot.Slots;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/**
 * A routing resolved against one model: what a forward pass does at which slot. Made once for a
 * routing, so that a request looks nothing up by name; any number of passes use it at once.
 */
public interface Route {
    /** Returns the slots that it is laid over. */
    Slots slots();

    /** Returns the adapters, each laid over the slots. */
    List<BoundAdapter> bindings();

    /** Returns the outputs of a slot. */
    NDList forward(Slot slot, SlotCall call, RoutedParameterStore pass);

    /**
     * Returns a touched parameter as the adapters have it, for whoever reads it without its slot.
     *
     * @param value the base's
     * @param training whether the pass is a training one
     */
    NDArray view(Parameter parameter, NDArray value, boolean training, RoutedParameterStore pass);

    /** Returns what it is, for messages. */
    String label();

    /** Refuses to be trained, if it cannot be. */
    default void checkTraining() {}

    /** Returns whether an adapter changes a parameter. */
    boolean touches(Parameter parameter);

    /** Returns all parameters that one of the adapters changes. */
    static Set<Parameter> touched(List<BoundAdapter> bindings) {
        Set<Parameter> touched = Collections.newSetFromMap(new IdentityHashMap<>());
        for (BoundAdapter binding : bindings) {
            binding.touched().forEach(touched::add);
        }
        return touched;
    }

    /** Begins a use of all adapters or, if one is removed, of none. */
    default void enter() {
        List<BoundAdapter> all = bindings();
        for (int i = 0; i < all.size(); i++) {
            try {
                all.get(i).adapter().enter();
            } catch (RuntimeException removed) {
                all.subList(0, i).forEach(entered -> entered.adapter().exit());
                throw removed;
            }
        }
    }

    /** Ends a use of the adapters. */
    default void exit() {
        bindings().forEach(binding -> binding.adapter().exit());
    }

    /** Returns whether a forward pass has reached everything before. */
    default boolean wasReached() {
        for (BoundAdapter binding : bindings()) {
            if (!binding.wasReached()) {
                return false;
            }
        }
        return true;
    }

    /** Takes note of what the first forward pass reached; what it missed is an error. */
    default void checkReached(Coverage reach) {
        bindings().forEach(binding -> binding.checkReached(reach));
    }

    /** Returns the adapters that a trainer is to see. */
    default List<AdapterState> trainable() {
        List<AdapterState> trainable = new ArrayList<>();
        for (BoundAdapter binding : bindings()) {
            if (binding.adapter().isTrainable()) {
                trainable.add(binding.adapter());
            }
        }
        return trainable;
    }
}
