package dev.ligature.langchain4j;

import dev.ligature.models.generation.RunningBatch;
import dev.ligature.models.generation.TextsFailedException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One thread that makes a token for every text under way, again and again. Texts join between two
 * tokens, and leave when they end or nobody waits for them.
 */
final class GenerationLoop implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(GenerationLoop.class);

    private final RunningBatch batch; // of the thread alone, once it runs
    private final List<Growth> running = new ArrayList<>(); // of the thread alone
    private final List<Growth> waiting = new ArrayList<>(); // guarded by this
    private boolean closed; // guarded by this
    private final Thread thread = new Thread(this::run, "ligature-chat");

    /**
     * Starts the thread.
     *
     * @param batch an empty batch, which the thread closes
     */
    GenerationLoop(RunningBatch batch) {
        this.batch = batch;
        thread.setDaemon(true);
        thread.start();
    }

    /**
     * Takes a text on.
     *
     * @throws IllegalStateException if no more are taken on
     */
    synchronized void submit(Growth growth) {
        checkOpen();
        waiting.add(growth);
        notifyAll();
    }

    /**
     * Checks that texts are taken on.
     *
     * @throws IllegalStateException if not
     */
    synchronized void checkOpen() {
        if (closed) {
            throw new IllegalStateException(
                    "The chat engine is closed and answers nothing. Open another one.");
        }
    }

    private void run() {
        try {
            for (List<Growth> joining = take(); joining != null; joining = take()) {
                join(joining);
                leave();
                step();
                leave();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException | Error e) {
            LOG.error("No more answers are computed", e);
        } finally {
            end();
        }
    }

    /** Returns those that join, when there is work; null if there will be none. */
    private synchronized @Nullable List<Growth> take() throws InterruptedException {
        while (!closed && waiting.isEmpty() && running.isEmpty()) {
            wait();
        }
        if (closed) {
            return null;
        }
        List<Growth> joining = new ArrayList<>(waiting);
        waiting.clear();
        return joining;
    }

    /** Takes texts on, together if that is possible, so that one cannot fail the others. */
    private void join(List<Growth> joining) {
        if (joining.isEmpty()) {
            return;
        }
        try {
            batch.add(joining.stream().map(Growth::row).toList()); // all or none
            running.addAll(joining);
        } catch (RuntimeException e) {
            if (joining.size() > 1) {
                joining.forEach(one -> join(List.of(one)));
            } else {
                joining.get(0).fail(e);
            }
        }
    }

    private void step() {
        if (batch.isEmpty()) {
            return;
        }
        try {
            read();
            leave(); // where one token is all
            batch.grow();
        } catch (RuntimeException e) {
            LOG.error("A step failed", e);
            for (Growth each : running) {
                batch.leave(each.row());
                each.fail(e);
            }
            running.clear();
        }
    }

    /** Reads a piece of the prompts; those that cannot be read fail alone, and have left. */
    private void read() {
        try {
            batch.read();
        } catch (TextsFailedException e) {
            LOG.error("A prompt could not be read", e.reason());
            for (Growth each : List.copyOf(running)) {
                if (e.texts().contains(each.row())) {
                    running.remove(each);
                    each.fail(e.reason());
                }
            }
        }
    }

    private void leave() {
        for (Iterator<Growth> each = running.iterator(); each.hasNext(); ) {
            Growth growth = each.next();
            if (growth.row().isDone() || growth.isUnwanted()) {
                each.remove();
                batch.leave(growth.row());
                growth.end();
            }
        }
    }

    private void end() {
        List<Growth> left;
        synchronized (this) {
            closed = true;
            left = new ArrayList<>(waiting);
            waiting.clear();
        }
        left.addAll(running);
        running.clear();
        batch.close();
        IllegalStateException error =
                new IllegalStateException(
                        "The chat engine was closed before the answer was there.");
        left.forEach(each -> each.fail(error));
    }

    /** Ends texts under way with an error, and the thread. */
    @Override
    public void close() {
        synchronized (this) {
            closed = true;
            notifyAll();
        }
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
