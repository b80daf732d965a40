package dev.ligature.internal.adapter;

/**
 * Keeps native arrays alive while they are used: what is closed is freed when the last use has
 * ended. Freeing an array that another thread computes with would end the process.
 */
public final class RefCount {
    private final Runnable free;
    private int uses; // guarded by this
    private boolean closed; // guarded by this

    /**
     * Creates a count of no uses.
     *
     * @param free frees the arrays; run once, by the last who leaves
     */
    public RefCount(Runnable free) {
        this.free = free;
    }

    /** Begins a use; false if it is closed, and then there is no use to end. */
    public synchronized boolean enter() {
        if (!closed) {
            uses++;
        }
        return !closed;
    }

    /** Ends a use. */
    public void exit() {
        boolean last;
        synchronized (this) {
            uses--;
            last = closed && uses == 0;
        }
        if (last) {
            free.run();
        }
    }

    /** Returns whether no further use may begin. */
    synchronized boolean isClosed() {
        return closed;
    }

    /** Lets no further use begin; frees now or with the end of the last use. */
    public void close() {
        boolean unused;
        synchronized (this) {
            unused = !closed && uses == 0;
            closed = true;
        }
        if (unused) {
            free.run();
        }
    }
}
