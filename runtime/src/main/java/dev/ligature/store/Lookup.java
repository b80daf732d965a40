package dev.ligature.store;

/** What somebody who asks for an adapter is to do. */
sealed interface Lookup {
    /**
     * It is in memory, and is held for the caller.
     *
     * @param resident the adapter
     */
    record Held(CachedAdapter resident) implements Lookup {}

    /**
     * The caller loads it, for itself and for those who wait.
     *
     * @param loading to be ended by {@link AdapterCache#publish} or {@link AdapterCache#abandon}
     */
    record Mine(PendingLoad loading) implements Lookup {}

    /**
     * Another thread loads it, and will hold it for the caller.
     *
     * @param loading to wait for
     */
    record Theirs(PendingLoad loading) implements Lookup {}

    /**
     * Its files could not be loaded before, and are the same ones.
     *
     * @param error that of the load
     */
    record Refused(Exception error) implements Lookup {}
}
