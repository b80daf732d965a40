package dev.ligature.internal.tensors;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** Does parts of a work with several threads, which begin them in the order they were added in. */
final class PartQueue implements AutoCloseable {
    /** The name of the threads. */
    static final String THREAD = "ligature-weights";

    /** More than this many read a file no faster. */
    private static final int MOST_THREADS = 8;

    private final ExecutorService threads =
            Executors.newFixedThreadPool(
                    Math.min(MOST_THREADS, Runtime.getRuntime().availableProcessors()),
                    PartQueue::thread);
    private volatile boolean closed;

    /** A part of the work. */
    @FunctionalInterface
    interface Part {
        void run() throws IOException;
    }

    private static Thread thread(Runnable work) {
        Thread thread = new Thread(work, THREAD);
        thread.setDaemon(true);
        return thread;
    }

    /** Adds a part, which another thread does. */
    Future<?> add(Part part) {
        return threads.submit(
                () -> {
                    if (!closed) {
                        part.run();
                    }
                    return null;
                });
    }

    /**
     * Waits until a part is done.
     *
     * @throws IOException if it failed, or this thread was interrupted
     */
    static void await(Future<?> part) throws IOException {
        if (Thread.currentThread().isInterrupted()) { // which a part that has ended does not notice
            throw interrupted();
        }
        try {
            part.get();
        } catch (ExecutionException e) {
            throw failure(Objects.requireNonNullElse(e.getCause(), e));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw interrupted();
        }
    }

    private static InterruptedIOException interrupted() {
        return new InterruptedIOException("Interrupted while weights were read");
    }

    /** Returns what a part may fail with, an IOException, and throws all else. */
    private static IOException failure(Throwable cause) {
        if (cause instanceof RuntimeException unchecked) {
            throw unchecked;
        }
        if (cause instanceof Error error) {
            throw error;
        }
        return (IOException) cause;
    }

    /**
     * Leaves out the parts that have not begun, and waits for those that have: they use memory that
     * is freed afterwards. They are not interrupted, which would close the file that they read.
     */
    @Override
    public void close() {
        closed = true;
        threads.shutdown();
        boolean interrupted = false;
        boolean ended = false;
        while (!ended) {
            try {
                ended = threads.awaitTermination(1, TimeUnit.MINUTES);
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
