package dev.ligature.server;

import dev.ligature.StoreFullException;

/** Where completions get their adapters from. */
interface ModelLeases {
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
}
