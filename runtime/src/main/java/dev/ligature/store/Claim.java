package dev.ligature.store;

/** What somebody who asks for an adapter is to do. */
sealed interface Claim {
    /**
     * It is in memory, and is held for the caller.
     *
     * @param resident the adapter
     */
    record Held(Resident resident) implements Claim {}

    /**
     * The caller loads it, for itself and for those who wait.
     *
     * @param loading to be ended by {@link Shelf#publish} or {@link Shelf#abandon}
     */
    record Mine(Loading loading) implements Claim {}

    /**
     * Another thread loads it, and will hold it for the caller.
     *
     * @param loading to wait for
     */
    record Theirs(Loading loading) implements Claim {}

    /**
     * Its files could not be loaded before, and are the same ones.
     *
     * @param error that of the load
     */
    record Refused(Exception error) implements Claim {}
}
