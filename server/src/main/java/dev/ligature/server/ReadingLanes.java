package dev.ligature.server;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

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
        this.shorts = lane("reading", Math.max(2, processors / 4), requests);
        this.longs =
                lane(
                        "reading-long",
                        Math.max(1, processors / 8),
                        Math.max(1, requests / PART_THAT_MAY_BE_LONG));
    }

    /** Returns threads that are there while there is work for them. */
    static ThreadPoolExecutor lane(String name, int threads, int queue) {
        ThreadPoolExecutor lane =
                new ThreadPoolExecutor(
                        threads,
                        threads,
                        30,
                        TimeUnit.SECONDS,
                        new ArrayBlockingQueue<>(queue),
                        task -> {
                            Thread thread = new Thread(task, name);
                            thread.setDaemon(true);
                            return thread;
                        });
        lane.allowCoreThreadTimeOut(true);
        return lane;
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
