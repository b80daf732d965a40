package dev.ligature.store.remote;

import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Questions to the remote side, which a few threads of their own ask: each once for all who want to
 * know, and within a time. Who asks may wait or not; the task of a question notes its answer.
 * Thread-safe.
 */
final class Questions implements AutoCloseable {
    private static final int THREADS = 8;
    private static final int MOST_QUEUED = 4096;

    private final Duration limit;
    private final ThreadPoolExecutor threads;
    private final Map<String, Question> open = new ConcurrentHashMap<>();
    private volatile long quietSince; // of System.nanoTime, while questions are open
    private volatile boolean expired; // whether nothing was answered since a question ran out

    /**
     * Creates the threads, which are there while there is something to ask.
     *
     * @param limit how long a question may take, the wait for a thread included
     */
    Questions(Duration limit) {
        this.limit = limit;
        this.threads =
                new ThreadPoolExecutor(
                        THREADS,
                        THREADS,
                        10,
                        TimeUnit.SECONDS,
                        new ArrayBlockingQueue<>(MOST_QUEUED),
                        task -> {
                            Thread thread = new Thread(task, "ligature-adapter-source");
                            thread.setDaemon(true);
                            return thread;
                        });
        threads.allowCoreThreadTimeOut(true);
    }

    /** A question that was asked. */
    static final class Question {
        private final long asked = System.nanoTime();
        private final CountDownLatch over = new CountDownLatch(1);
        private volatile @Nullable ScheduledFuture<?> alarm;

        /**
         * Waits for its end until it is as old as a time, which may be past.
         *
         * @return whether it has ended
         * @throws InterruptedIOException if this thread is interrupted; the question goes on
         */
        boolean await(Duration age) throws InterruptedIOException {
            long left = age.toNanos() - (System.nanoTime() - asked);
            try {
                return over.await(Math.max(0, left), TimeUnit.NANOSECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw (InterruptedIOException)
                        new InterruptedIOException("interrupted while an adapter's source is asked")
                                .initCause(e);
            }
        }
    }

    /**
     * Asks, unless that is being asked already.
     *
     * @param what what a question of the same is known by
     * @param task asks and notes the answer; it is interrupted when the time is over
     */
    Question ask(String what, Runnable task) {
        Question mine = new Question();
        Question other = open.putIfAbsent(what, mine);
        if (other != null) {
            return other;
        }
        if (open.size() == 1) {
            quietSince = System.nanoTime();
        }
        try {
            Future<?> running =
                    threads.submit(
                            () -> {
                                try {
                                    task.run();
                                } finally {
                                    answered(what, mine);
                                }
                            });
            mine.alarm = TimedStream.after(limit, () -> expire(what, mine, running));
        } catch (RejectedExecutionException full) {
            end(what, mine);
        }
        return mine;
    }

    private void answered(String what, Question question) {
        if (end(what, question)) {
            quietSince = System.nanoTime();
            expired = false;
            ScheduledFuture<?> alarm = question.alarm;
            if (alarm != null) {
                alarm.cancel(false);
            }
        }
    }

    private void expire(String what, Question question, Future<?> running) {
        if (end(what, question)) {
            expired = true;
            running.cancel(true);
        }
    }

    private boolean end(String what, Question question) {
        boolean wasOpen = open.remove(what, question);
        question.over.countDown();
        return wasOpen;
    }

    /** Returns whether nothing was answered for a time although something was asked. */
    boolean areUnanswered(Duration time) {
        return expired || (!open.isEmpty() && System.nanoTime() - quietSince > time.toNanos());
    }

    /** Ends the threads. */
    @Override
    public void close() {
        threads.shutdownNow();
    }
}
