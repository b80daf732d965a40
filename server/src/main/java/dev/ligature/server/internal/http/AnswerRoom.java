package dev.ligature.server.internal.http;

import java.util.ArrayDeque;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * The memory that answers take until their clients have them, of all requests together: clients
 * that ask for much and read nothing must not fill the heap. A request for whose answer there is no
 * room waits, in the order of arrival; what is made already is offered, and dropped if it does not
 * fit. Thread-safe.
 */
public final class AnswerRoom {
    private static final int PART_OF_HEAP = 8;

    private final long most;
    private final Queue<Waiting> waiting = new ArrayDeque<>(); // guarded by this
    private long used; // guarded by this

    private record Waiting(long bytes, Runnable task) {}

    /**
     * Creates a room.
     *
     * @param most the most bytes, but for an answer that is larger by itself
     */
    public AnswerRoom(long most) {
        this.most = most;
    }

    /** Returns a room of an eighth of the heap. */
    public static AnswerRoom ofHeap() {
        return new AnswerRoom(Runtime.getRuntime().maxMemory() / PART_OF_HEAP);
    }

    /**
     * Runs a task when there is room for what it makes; its bytes are given back by {@link #give}.
     *
     * @param bytes the most that it makes
     */
    public void take(long bytes, Runnable task) {
        synchronized (this) {
            if (!waiting.isEmpty() || !fits(bytes)) {
                waiting.add(new Waiting(bytes, task));
                return;
            }
            used += bytes;
        }
        task.run();
    }

    private boolean fits(long bytes) {
        return used == 0 || used + bytes <= most;
    }

    /**
     * Takes bytes that are there already, before all who wait: they are made later.
     *
     * @return false if they do not fit, and nothing was taken
     */
    public synchronized boolean offer(long bytes) {
        boolean fits = fits(bytes);
        used += fits ? bytes : 0;
        return fits;
    }

    /** Gives bytes back, and runs what has waited for them. */
    public void give(long bytes) {
        synchronized (this) {
            used -= bytes;
        }
        for (Runnable next = next(); next != null; next = next()) {
            next.run();
        }
    }

    private synchronized @Nullable Runnable next() {
        Waiting first = waiting.peek();
        if (first == null || !fits(first.bytes())) {
            return null;
        }
        waiting.remove();
        used += first.bytes();
        return first.task();
    }

    /** Returns how many bytes are taken. */
    public synchronized long used() {
        return used;
    }
}
