package dev.ligature.server.internal.access;

import java.util.concurrent.TimeUnit;

/**
 * So much a minute: a bucket that holds a minute's share at most and fills evenly. Not thread-safe.
 */
final class MinuteBudget {
    private static final double MINUTE = TimeUnit.MINUTES.toNanos(1);

    private static final double ROUNDING = 1e-6;

    private double left;
    private long limit;
    private long filled;

    /** Creates a full bucket. */
    MinuteBudget(long limit, long now) {
        this.limit = limit;
        this.left = limit;
        this.filled = now;
    }

    /**
     * Sets another limit; what was used under the former one stays used, but makes nobody wait
     * longer than the new one would have done.
     */
    void limit(long newLimit, long now) {
        fill(now);
        left = limit == 0 ? newLimit : Math.max(left + newLimit - limit, Math.min(left, 0));
        limit = newLimit;
    }

    /**
     * Returns after how many seconds there is enough; 0 if there is.
     *
     * @param amount how much
     */
    int secondsUntil(long amount, long now) {
        fill(now);
        double missing = amount - left - ROUNDING;
        return limit == 0 || missing <= 0
                ? 0
                : (int) Math.max(1, Math.ceil(missing * 60.0 / limit));
    }

    /** Takes an amount, even if there is less. */
    void take(long amount, long now) {
        if (limit > 0) {
            fill(now);
            left -= amount;
        }
    }

    private void fill(long now) {
        double more = (double) limit * (now - filled) / MINUTE;
        left = Math.min((double) limit, left + more);
        filled = now;
    }
}
