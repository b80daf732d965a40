package dev.ligature.store;

/** The result of looking an adapter up in the cache. */
sealed interface Lookup {
    /**
     * The adapter is in memory and leased to the caller.
     *
     * @param adapter the adapter
     */
    record Hit(CachedAdapter adapter) implements Lookup {}

    /**
     * The caller has to load the adapter, for itself and for the threads that wait for it.
     *
     * @param pending to be ended by {@link AdapterCache#publish} or {@link AdapterCache#abandon}
     */
    record LoadIt(PendingLoad pending) implements Lookup {}

    /**
     * Another thread loads the adapter, and leases it to the caller as well.
     *
     * @param pending to wait for
     */
    record LoadingElsewhere(PendingLoad pending) implements Lookup {}

    /**
     * The files failed to load before and have not changed since.
     *
     * @param error the error of that load
     */
    record KnownBad(Exception error) implements Lookup {}
}
