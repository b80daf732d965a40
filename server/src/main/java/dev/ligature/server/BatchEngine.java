package dev.ligature.server;

import ai.djl.ndarray.NDManager;
import dev.ligature.models.DecoderShape;
import dev.ligature.models.generation.RowRouter;
import dev.ligature.models.generation.RunningBatch;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One thread that makes a token for every running completion, again and again. Completions join
 * between two tokens, as soon as there is a place, and leave when they end or nobody listens.
 */
final class BatchEngine {
    private static final Logger LOG = LoggerFactory.getLogger(BatchEngine.class);

    private final RowRouter router;
    private final DecoderShape shape;
    private final int places;
    private final ServerMetrics metrics;
    private final NDManager manager = NDManager.newBaseManager();
    private final Thread thread = new Thread(this::run, "batch");
    private final List<Generation> running = new ArrayList<>(); // of the thread alone
    private final List<Generation> joining = new ArrayList<>(); // of the thread alone
    private RunningBatch batch;

    private final Deque<Generation> waiting = new ArrayDeque<>(); // guarded by this
    private State state = State.OPEN; // guarded by this
    private volatile int rows;

    /** Whether completions are taken on, finished, or dropped. */
    private enum State {
        OPEN,
        DRAINING,
        STOPPED
    }

    /**
     * Creates an engine, to be started.
     *
     * @param router gives the blocks that rows go through
     * @param shape the model's sizes
     * @param places the most completions that are made at once
     * @param metrics where steps and tokens are counted
     */
    BatchEngine(RowRouter router, DecoderShape shape, int places, ServerMetrics metrics) {
        this.router = router;
        this.shape = shape;
        this.places = places;
        this.metrics = metrics;
        this.batch = newBatch();
        thread.setDaemon(true);
    }

    private RunningBatch newBatch() {
        return new RunningBatch(router, shape, manager);
    }

    void start() {
        thread.start();
    }

    /** Returns the error of requests that come when the server is about to stop. */
    static ApiException stopping() {
        return ApiException.of(
                503, "stopping", "The server is about to stop. Ask another one, or later.");
    }

    /**
     * Takes the completions of a request on.
     *
     * @throws ApiException if the engine is about to stop
     */
    synchronized void submit(List<Generation> generations) {
        if (state != State.OPEN) {
            throw stopping();
        }
        waiting.addAll(generations);
        notifyAll();
    }

    /** Returns the number of texts that grow now. */
    int rows() {
        return rows;
    }

    /** Returns the number of completions that wait for a place. */
    synchronized int waiting() {
        return waiting.size();
    }

    /** Returns whether completions are made. */
    boolean isAlive() {
        return thread.isAlive();
    }

    /**
     * Finishes what was taken on, and then ends the thread.
     *
     * @param seconds how long that may take; what is left then ends with an error
     */
    void stop(long seconds) throws InterruptedException {
        synchronized (this) {
            state = State.DRAINING;
            notifyAll();
        }
        TimeUnit.SECONDS.timedJoin(thread, Math.max(1, seconds));
        synchronized (this) {
            state = State.STOPPED;
            notifyAll();
        }
        thread.join();
    }

    private void run() {
        try {
            while (awaitWork()) {
                round();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException | Error e) {
            LOG.error("The batch has ended", e);
        } finally {
            endAll();
        }
    }

    /** Waits until there is work, and takes those in for whom there is a place; false to end. */
    private synchronized boolean awaitWork() throws InterruptedException {
        while (state == State.OPEN && waiting.isEmpty() && running.isEmpty()) {
            wait();
        }
        if (state == State.STOPPED || (waiting.isEmpty() && running.isEmpty())) {
            return false;
        }
        dropUnwanted(waiting.iterator());
        while (running.size() + joining.size() < places && !waiting.isEmpty()) {
            joining.add(waiting.remove());
        }
        return true;
    }

    private void round() {
        if (!joining.isEmpty()) {
            join(joining);
            joining.clear();
        }
        complete(); // where one token is all
        rows = batch.size();
        dropUnwanted(running.iterator());
        try {
            if (!batch.isEmpty()) {
                metrics.step(batch.size());
                batch.step();
            }
        } catch (RuntimeException e) {
            LOG.error("A step failed", e);
            running.forEach(generation -> generation.fail(internal()));
            running.clear();
            batch.close();
            batch = newBatch();
        }
        complete();
        rows = batch.size();
    }

    /** Lets completions in, together if that is possible, so that one cannot fail the others. */
    private void join(List<Generation> newcomers) {
        try {
            batch.join(newcomers.stream().map(Generation::row).toList());
        } catch (RuntimeException e) {
            if (newcomers.size() > 1) {
                newcomers.forEach(newcomer -> join(List.of(newcomer)));
            } else {
                LOG.error("A completion could not begin", e);
                newcomers.forEach(newcomer -> newcomer.fail(internal()));
            }
            return;
        }
        newcomers.forEach(newcomer -> metrics.prompt(newcomer.usage().promptTokens()));
        running.addAll(newcomers);
    }

    /** Returns what nobody hears; the status is the one that proxies count such requests by. */
    static ApiException gone() {
        return ApiException.of(499, "client_gone", "The client went away.");
    }

    static ApiException late() {
        return ApiException.of(
                503, "timeout", "The completion took too long. Ask for fewer tokens, or later.");
    }

    static ApiException internal() {
        return ApiException.of(
                500, "internal_error", "The completion failed. The server's log says more.");
    }

    /** Ends those that nobody listens to, and those whose time is over. */
    private void dropUnwanted(Iterator<Generation> generations) {
        while (generations.hasNext()) {
            Generation generation = generations.next();
            if (generation.isCancelled()) {
                metrics.aborted();
                drop(generations, generation, gone());
            } else if (generation.isLate()) {
                drop(generations, generation, late());
            }
        }
    }

    private void drop(Iterator<Generation> at, Generation generation, ApiException error) {
        at.remove();
        batch.leave(generation.row());
        generation.fail(error);
    }

    private void complete() {
        for (Iterator<Generation> each = running.iterator(); each.hasNext(); ) {
            Generation generation = each.next();
            if (generation.isDone()) {
                each.remove();
                batch.leave(generation.row()); // where a stop text ended it
                metrics.ended(generation.usage().newTokens());
                generation.complete();
            }
        }
    }

    private void endAll() {
        List<Generation> left;
        synchronized (this) {
            state = State.STOPPED;
            left = new ArrayList<>(waiting);
            waiting.clear();
        }
        left.addAll(joining);
        left.addAll(running);
        running.clear();
        rows = 0;
        batch.close();
        manager.close();
        left.forEach(generation -> generation.fail(stopping()));
    }
}
