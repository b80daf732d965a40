package dev.ligature.internal.slot;

import java.util.concurrent.locks.ReentrantLock;

/** Whose turn it is to collect gradients: DJL allows one gradient collector per process. */
public final class CollectorTurn {
    /** Held by the thread that collects. */
    public static final ReentrantLock LOCK = new ReentrantLock();

    private CollectorTurn() {}
}
