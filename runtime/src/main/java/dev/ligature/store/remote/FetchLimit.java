package dev.ligature.store.remote;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.ScheduledFuture;
import org.jspecify.annotations.Nullable;

/**
 * The time in which all files of an adapter must come, however few bytes of them come at a time.
 * When it is over, what is being read is closed. Of one thread that reads.
 */
final class FetchLimit implements AutoCloseable {
    private final String adapter;
    private final Object remote;
    private final Duration limit;
    private final ScheduledFuture<?> alarm;
    private long bytes; // of the thread that reads alone
    private @Nullable InputStream reading; // guarded by this
    private boolean late; // guarded by this

    /**
     * Begins the time.
     *
     * @param adapter what is fetched
     * @param remote where from
     */
    FetchLimit(String adapter, Object remote, Duration limit) {
        this.adapter = adapter;
        this.remote = remote;
        this.limit = limit;
        this.alarm = TimedStream.after(limit, this::expire);
    }

    private void expire() {
        InputStream open;
        synchronized (this) {
            late = true;
            open = reading;
        }
        if (open != null) {
            try {
                open.close(); // wakes up who reads
            } catch (IOException e) {
                // It is being given up anyway.
            }
        }
    }

    /** Notes what is read from now on; null for nothing. */
    synchronized void read(@Nullable InputStream in) {
        reading = in;
    }

    /**
     * Notes bytes that have come.
     *
     * @param count how many; −1 at the end of a file, which a closed stream may look like
     * @throws IOException if the time is over
     */
    void came(int count) throws IOException {
        bytes += Math.max(0, count);
        check(null);
    }

    /**
     * Checks the time.
     *
     * @param cause what went wrong; null if nothing did
     * @throws IOException if the time is over
     */
    void check(@Nullable IOException cause) throws IOException {
        if (isLate()) {
            String seconds =
                    limit.toMillis() % 1000 == 0
                            ? Long.toString(limit.toSeconds())
                            : Double.toString(limit.toMillis() / 1000.0);
            throw RemoteMessage.TOO_SLOW.fileErrorFrom(cause, adapter, remote, seconds, bytes);
        }
    }

    private synchronized boolean isLate() {
        return late;
    }

    @Override
    public void close() {
        alarm.cancel(false);
    }
}
