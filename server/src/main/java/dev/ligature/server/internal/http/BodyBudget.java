package dev.ligature.server.internal.http;

import dev.ligature.server.settings.ServerLimits;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The memory that bodies of requests take while they arrive, of all connections together: clients
 * that begin a body and never end it must not fill the heap.
 */
public final class BodyBudget {
    private static final int PART_OF_HEAP = 8;

    private final long most;
    private final AtomicLong used = new AtomicLong();

    public BodyBudget(long most) {
        this.most = most;
    }

    /** Returns a budget for as many bodies as may be under way, within an eighth of the heap. */
    public static BodyBudget of(ServerLimits limits) {
        long bodies = (long) (limits.batch() + limits.waiting()) * limits.bodyBytes();
        long heap = Runtime.getRuntime().maxMemory() / PART_OF_HEAP;
        return new BodyBudget(Math.max(limits.bodyBytes(), Math.min(bodies, heap)));
    }

    /** Takes bytes, or returns false if there are not so many left. */
    boolean take(int bytes) {
        if (used.addAndGet(bytes) <= most) {
            return true;
        }
        used.addAndGet(-bytes);
        return false;
    }

    /** Gives bytes back. */
    public void give(long bytes) {
        used.addAndGet(-bytes);
    }

    /** Returns how many bytes are taken. */
    long used() {
        return used.get();
    }
}
