package dev.ligature.server.internal.admission;

import java.util.concurrent.ExecutorService;

/** The threads of a server that lease adapters, of two kinds. */
public final class LeasingLanes implements Leasing {
    private static final int THREADS = 4; // that do not wait for long

    private final ExecutorService loaded;
    private final ExecutorService loading;

    /**
     * Creates the threads, which are there while there is work for them.
     *
     * @param places the most leases of either kind that are asked for at a time
     */
    public LeasingLanes(int places) {
        // All begin in the first lane, and one that has just ended may still have its thread.
        this.loaded = WorkerLane.of("leasing", THREADS, 4 * places);
        // One for each place, so that no adapter waits for another that takes long to come.
        this.loading = WorkerLane.of("loading", places, 4 * places);
    }

    @Override
    public void execute(Runnable task) {
        loaded.execute(task);
    }

    @Override
    public void load(Runnable task) {
        loading.execute(task);
    }

    @Override
    public void interrupt() {
        loaded.shutdownNow().forEach(Runnable::run);
        loading.shutdownNow().forEach(Runnable::run);
    }
}
