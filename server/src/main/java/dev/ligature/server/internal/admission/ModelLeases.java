package dev.ligature.server.internal.admission;

import dev.ligature.StoreFullException;
import java.util.Optional;

/** Where completions get their adapters from. */
public interface ModelLeases {
    /** Returns whether a model can be held without loading anything. Reads no files. */
    boolean isResident(String model);

    /**
     * Holds a model. May read files.
     *
     * @param model what the request names
     * @throws StoreFullException if there is no room for it beside those in use
     * @throws ApiException if there is none of that name, or it cannot be loaded
     */
    ModelLease hold(String model);

    /**
     * Holds a model if nothing has to be loaded for it; empty if something has. Does not wait for
     * another machine.
     *
     * @param model what the request names
     * @throws ApiException if there is none of that name any more
     */
    default Optional<ModelLease> holdLoaded(String model) {
        return isResident(model) ? Optional.of(hold(model)) : Optional.empty();
    }
}
