package dev.ligature.internal.route;

import ai.djl.ndarray.NDManager;
import ai.djl.training.ParameterStore;
import dev.ligature.internal.adapter.AdapterState;
import dev.ligature.internal.effect.BoundAdapter;
import dev.ligature.internal.slot.Slots;
import java.util.ArrayList;
import java.util.List;

/**
 * A routing resolved on one model: which adapters act at which slot. Made once for a routing, so
 * that a request looks nothing up by name. Thread-safe: any number of passes use it at once.
 */
public interface Route {
    /** Returns the slots of the model. */
    Slots slots();

    /** Returns the adapters, each with its factor. */
    List<Term> terms();

    /** Returns which values the base blocks of the slots read. */
    SlotReads reads();

    /** Begins a pass. */
    Pass open(ParameterStore raw, NDManager manager);

    /** Returns the names of the adapters, for messages. */
    String label();

    /** Returns whether a slot may be called with some of a batch's tokens, in rows of their own. */
    default boolean takesSomeTokens() {
        return true;
    }

    /** Throws if the route cannot be trained. */
    default void checkTraining() {}

    /** An adapter of a route. */
    record Term(BoundAdapter adapter, double factor) {}

    /** Returns the adapters without their factors. */
    default List<BoundAdapter> adapters() {
        return terms().stream().map(Term::adapter).toList();
    }

    /** Begins a use of all adapters or, if one is removed, of none. */
    default void enter() {
        List<Term> all = terms();
        for (int i = 0; i < all.size(); i++) {
            try {
                all.get(i).adapter().adapter().enter();
            } catch (RuntimeException removed) {
                all.subList(0, i).forEach(entered -> entered.adapter().adapter().exit());
                throw removed;
            }
        }
    }

    /** Ends a use of the adapters. */
    default void exit() {
        for (Term term : terms()) {
            term.adapter().adapter().exit();
        }
    }

    /** Returns whether passes need not be observed any more. */
    default boolean isSettled() {
        for (Term term : terms()) {
            if (!term.adapter().coverage().isSettled()) {
                return false;
            }
        }
        return true;
    }

    /** Returns the adapters that a trainer is to see. */
    default List<AdapterState> trainable() {
        List<AdapterState> trainable = new ArrayList<>();
        for (Term term : terms()) {
            if (term.adapter().adapter().isTrainable()) {
                trainable.add(term.adapter().adapter());
            }
        }
        return trainable;
    }
}
