package dev.ligature.server.internal.engine;

import dev.ligature.models.generation.CacheStatistics;

/** A thread that computes what requests ask for, many of them together. */
public interface Engine {
    void start();

    /** Returns the number of texts that are computed now. */
    int rows();

    /** Returns the number of requests that wait for a place. */
    int waiting();

    /** Returns what is held of keys and values; where there are none, nothing. */
    default CacheStatistics cache() {
        return CacheStatistics.NONE;
    }

    /** Returns whether anything is computed. */
    boolean isAlive();

    /**
     * Finishes what was taken on, and then ends the thread.
     *
     * @param seconds how long that may take; what is left then ends with an error
     */
    void stop(long seconds) throws InterruptedException;
}
