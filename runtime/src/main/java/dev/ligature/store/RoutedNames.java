package dev.ligature.store;

import dev.ligature.Adapter;
import dev.ligature.LoraException;
import dev.ligature.LoraModel;
import dev.ligature.UnknownAdapterException;
import java.util.concurrent.atomic.AtomicLong;

/** Gives adapters names on the model: the name in the store, a dot, and a number. Thread-safe. */
final class RoutedNames {
    private static final int LONGEST_STEM = 100; // of the 128 characters that a name may have

    private final LoraModel lora;
    private final AtomicLong generation = new AtomicLong();

    RoutedNames(LoraModel lora) {
        this.lora = lora;
    }

    /** Adds an adapter to the model under a name. */
    interface Registration<E extends Exception> {
        Adapter register(String routedName) throws E;
    }

    /** Adds an adapter under a name that the model does not have yet. */
    <E extends Exception> Adapter register(String name, Registration<E> registration) throws E {
        String stem = name.substring(0, Math.min(name.length(), LONGEST_STEM));
        while (true) {
            String routedName = stem + "." + generation.incrementAndGet();
            try {
                return registration.register(routedName);
            } catch (LoraException e) {
                if (!lora.hasAdapter(routedName)) {
                    throw e; // otherwise the application has created an adapter of that name
                }
            }
        }
    }

    /** Removes an adapter from the model, if the application has not done so by itself. */
    void remove(Adapter adapter) {
        try {
            lora.remove(adapter.name());
        } catch (UnknownAdapterException removedAlready) {
            // There is nothing left to free.
        }
    }
}
