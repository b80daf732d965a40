package dev.ligature.store.remote;

import dev.ligature.internal.files.Interruption;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * The bytes of an answer, of which each piece must come within a time. The JDK's client limits only
 * the time until an answer begins.
 */
final class TimedStream extends FilterInputStream {
    private static final ScheduledThreadPoolExecutor TIMER = timer();

    private final String address;
    private final Duration patience;
    private volatile boolean late;

    TimedStream(InputStream in, String address, Duration patience) {
        super(in);
        this.address = address;
        this.patience = patience;
    }

    private static ScheduledThreadPoolExecutor timer() {
        ScheduledThreadPoolExecutor timer =
                new ScheduledThreadPoolExecutor(
                        1,
                        task -> {
                            Thread thread = new Thread(task, "ligature-download-timer");
                            thread.setDaemon(true);
                            return thread;
                        });
        timer.setRemoveOnCancelPolicy(true);
        timer.setKeepAliveTime(10, TimeUnit.SECONDS);
        timer.allowCoreThreadTimeOut(true);
        return timer;
    }

    /** Runs a task, which must be quick, after a time. */
    static ScheduledFuture<?> after(Duration time, Runnable task) {
        return TIMER.schedule(task, time.toNanos(), TimeUnit.NANOSECONDS);
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        ScheduledFuture<?> alarm = after(patience, this::expire);
        int read;
        try {
            read = in.read(bytes, offset, length);
        } catch (IOException e) {
            if (Interruption.is(e)) {
                throw e;
            }
            if (e.getCause() instanceof InterruptedException) {
                throw (IOException) new InterruptedIOException(address).initCause(e);
            }
            throw late ? slow() : unreachable(address, e);
        } finally {
            alarm.cancel(false);
        }
        if (late) {
            throw slow(); // a closed stream may look like one that has ended
        }
        return read;
    }

    private void expire() {
        late = true;
        try {
            in.close(); // wakes up who reads
        } catch (IOException e) {
            // It is being given up anyway.
        }
    }

    private IOException slow() {
        return RemoteMessage.UNREACHABLE.fileError(
                address, "nothing has come for " + patience.toMillis() + " ms");
    }

    /** Returns the error of an address that cannot be read. */
    static IOException unreachable(String address, IOException e) {
        String reason = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        return RemoteMessage.UNREACHABLE.fileErrorFrom(e, address, reason);
    }
}
