package dev.ligature.server.internal.intake;

import dev.ligature.server.internal.admission.WorkerLane;
import dev.ligature.server.internal.answer.ApiException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;

/**
 * The threads that read requests: they parse bodies, fill in chat templates and make tokens of
 * texts. Long bodies have a lane of their own, in which they delay only each other; what needs no
 * tokens uses neither.
 */
final class ReadingLanes implements AutoCloseable {
    /** The bytes of the longest body that is not long. */
    static final int SHORT_BYTES = 1 << 15;

    private static final int PART_THAT_MAY_BE_LONG = 8;

    private final ThreadPoolExecutor shorts;
    private final ThreadPoolExecutor longs;

    /**
     * Creates the threads.
     *
     * @param requests the most requests that the server has at a time
     * @param processors the processors of the machine
     */
    ReadingLanes(int requests, int processors) {
        this.shorts = WorkerLane.of("reading", Math.max(2, processors / 4), requests);
        this.longs =
                WorkerLane.of(
                        "reading-long",
                        Math.max(1, processors / 8),
                        Math.max(1, requests / PART_THAT_MAY_BE_LONG));
    }

    /**
     * Runs a task when a thread is free.
     *
     * @param bytes the bytes of the body that it reads
     * @param task the task, which must not throw
     * @throws ApiException if as many wait as may
     */
    void execute(int bytes, Runnable task) {
        try {
            (bytes <= SHORT_BYTES ? shorts : longs).execute(task);
        } catch (RejectedExecutionException e) {
            throw ApiException.of(
                    503,
                    "too_many_long_texts",
                    "The server has as many long texts to read as it takes on. Ask again later.");
        }
    }

    @Override
    public void close() {
        shorts.shutdownNow();
        longs.shutdownNow();
    }
}
