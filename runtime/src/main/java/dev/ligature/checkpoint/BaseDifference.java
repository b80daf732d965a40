package dev.ligature.checkpoint;

/**
 * What is done where an adapter's file has weights of its base that are not those of the given
 * base: PEFT saves embeddings with an adapter that targets them or was trained after their
 * vocabulary was resized, and may save them with any other. What equals the base, as it is or
 * rounded to the narrower of the two data types, is no difference.
 */
public enum BaseDifference {
    /** The adapter is not loaded. */
    FAIL,

    /** The given base's values are used, and the file's are ignored. */
    KEEP,

    /**
     * The file's values are used by this adapter in place of the base's, as PEFT does; other
     * adapters and the base itself do not change. The adapter keeps a copy of them, which is saved
     * with it and is not trained.
     */
    FILE
}
