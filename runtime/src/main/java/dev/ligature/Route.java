package dev.ligature;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Parameter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/**
 * A routing resolved against one model: what a forward pass does at which slot. Made once for a
 * routing, so that a request looks nothing up by name; any number of passes use it at once.
 */
sealed interface Route permits SumRoute, RowsRoute {
    /** Returns the slots that it is laid over. */
    Slots slots();

    /** Returns the adapters, each laid over the slots. */
    List<Binding> bindings();

    /** Returns the outputs of a slot. */
    NDList forward(Slot slot, SlotCall call, RoutedStore pass);

    /**
     * Returns a touched parameter as the adapters have it, for whoever reads it without its slot.
     *
     * @param value the base's
     * @param training whether the pass is a training one
     */
    NDArray view(Parameter parameter, NDArray value, boolean training, RoutedStore pass);

    /** Returns what it is, for messages. */
    String label();

    /** Refuses to be trained, if it cannot be. */
    default void checkTraining() {}

    /** Returns whether an adapter changes a parameter. */
    boolean touches(Parameter parameter);

    /** Returns all parameters that one of the adapters changes. */
    static Set<Parameter> touched(List<Binding> bindings) {
        Set<Parameter> touched = Collections.newSetFromMap(new IdentityHashMap<>());
        for (Binding binding : bindings) {
            binding.touched().forEach(touched::add);
        }
        return touched;
    }

    /** Begins a use of all adapters or, if one is removed, of none. */
    default void enter() {
        List<Binding> all = bindings();
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
        for (Binding binding : bindings()) {
            if (!binding.wasReached()) {
                return false;
            }
        }
        return true;
    }

    /** Takes note of what the first forward pass reached; what it missed is an error. */
    default void checkReached(Reach reach) {
        bindings().forEach(binding -> binding.checkReached(reach));
    }

    /** Returns the adapters that a trainer is to see. */
    default List<Adapter> trainable() {
        List<Adapter> trainable = new ArrayList<>();
        for (Binding binding : bindings()) {
            if (binding.adapter().isTrainable()) {
                trainable.add(binding.adapter());
            }
        }
        return trainable;
    }
}
