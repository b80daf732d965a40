package dev.ligature.store;

import java.util.LinkedHashSet;

/** The adapters without leases that may be evicted. Guarded by its {@link AdapterCache}. */
final class IdleAdapters {
    private final LinkedHashSet<CachedAdapter> adapters =
            new LinkedHashSet<>(); // least recently used first
    private long bytes;

    /** Adds an adapter as the one that was used last; a published one could not be loaded again. */
    void add(CachedAdapter cached) {
        if (!cached.isPublished()) {
            adapters.add(cached);
            bytes += cached.bytes();
        }
    }

    /** Removes an adapter, if it is there. */
    void remove(CachedAdapter cached) {
        if (adapters.remove(cached)) {
            bytes -= cached.bytes();
        }
    }

    /** Removes the adapter that was not used for the longest time. */
    CachedAdapter removeOldest() {
        CachedAdapter oldest = adapters.iterator().next();
        remove(oldest);
        return oldest;
    }

    /** Returns the bytes of all. */
    long bytes() {
        return bytes;
    }
}
