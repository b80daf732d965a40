package dev.ligature.server.internal.engine;

import dev.ligature.server.internal.metrics.ServerMetrics;
import java.time.Duration;

/** When a text of a request must be there, and what of its way is measured. */
public final class RequestClock {
    private final long arrived;
    private final long deadline;
    private final ServerMetrics metrics;
    private long lastToken; // of the batch's thread alone
    private boolean hasToken; // of the batch's thread alone

    /**
     * Creates a clock.
     *
     * @param arrived when the request came, in {@link System#nanoTime}
     * @param deadline when its answer must be there
     * @param metrics take the times
     */
    public RequestClock(long arrived, long deadline, ServerMetrics metrics) {
        this.arrived = arrived;
        this.deadline = deadline;
        this.metrics = metrics;
    }

    boolean isLate() {
        return System.nanoTime() - deadline > 0;
    }

    /** Notes that it has joined what is computed. */
    void joined() {
        metrics.queued(since(arrived));
    }

    /** Notes that a token was made. */
    void token() {
        if (hasToken) {
            metrics.nextToken(since(lastToken));
        } else {
            metrics.firstToken(since(arrived));
        }
        hasToken = true;
        lastToken = System.nanoTime();
    }

    private static Duration since(long time) {
        return Duration.ofNanos(System.nanoTime() - time);
    }
}
