package dev.ligature.server.internal.admission;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Makes threads that are there while there is work for them. */
public final class WorkerLane {
    private static final int IDLE_SECONDS = 30;

    private WorkerLane() {}

    /**
     * Returns threads that do not keep the process alive.
     *
     * @param name of each thread
     * @param threads the most of them
     * @param queue the most tasks that wait for one; further ones are rejected
     */
    public static ThreadPoolExecutor of(String name, int threads, int queue) {
        ThreadPoolExecutor lane =
                new ThreadPoolExecutor(
                        threads,
                        threads,
                        IDLE_SECONDS,
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
}
