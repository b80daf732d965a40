package dev.ligature.server;

import dev.ligature.StoreFullException;
import dev.ligature.server.metrics.ServerMetrics;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides which requests join the batch, and has their adapters leased for that by other threads. A
 * request for whose adapter there is no room waits until other leases end.
 *
 * @param <T> what requests become
 */
final class Admissions<T extends Admitted> {
    private static final Logger LOG = LoggerFactory.getLogger(Admissions.class);

    /** How long completions wait for others that begin with them, where nothing runs. */
    private static final long SETTLE_NANOS = TimeUnit.MILLISECONDS.toNanos(2);

    private static final long POLL_MILLIS = 100; // for requests that end while they wait
    private static final int PASSES = 2; // by later requests, for each place

    private final int places;
    private final ModelLeases models;
    private final Executor leasing;
    private final ServerMetrics metrics;
    private final LackOfMemory memory;

    // All guarded by this.
    private final WaitingLine<T> line;
    private final List<T> admitted = new ArrayList<>();
    private int running; // completions, as far as the batch has told
    private long holders; // of adapters among them
    private long releases; // of completions that have ended
    private State state = State.OPEN;

    /** Whether completions are taken on, finished, or dropped. */
    private enum State {
        OPEN,
        DRAINING,
        STOPPED
    }

    /**
     * Creates an empty line.
     *
     * @param places the most completions that are made at once
     * @param models gives the adapters
     * @param leasing runs what may wait for files
     * @param metrics where requests that are given up are counted
     * @param memory is told what goes wrong
     */
    Admissions(
            int places,
            ModelLeases models,
            Executor leasing,
            ServerMetrics metrics,
            LackOfMemory memory) {
        this.memory = memory;
        this.places = places;
        this.models = models;
        this.leasing = leasing;
        this.metrics = metrics;
        this.line = new WaitingLine<>(PASSES * places);
    }

    /**
     * Takes the completions of a request on.
     *
     * @throws ApiException if no more are taken on
     */
    synchronized void add(List<Candidate<T>> candidates) {
        if (state != State.OPEN) {
            throw BatchEngine.stopping();
        }
        candidates.forEach(line::add);
        notifyAll();
    }

    /** Returns how many requests wait. */
    synchronized int waiting() {
        return line.size();
    }

    /** Counts the end of a completion, after which there may be room for another adapter. */
    synchronized void released() {
        releases++;
    }

    /** Takes no more on, and lets those that wait join. */
    synchronized void drain() {
        if (state == State.OPEN) {
            state = State.DRAINING;
        }
        notifyAll();
    }

    /** Lets nobody join any more. */
    synchronized void close() {
        state = State.STOPPED;
        notifyAll();
    }

    /**
     * Waits until there is work.
     *
     * @param now the completions that run
     * @param joining takes those that join them
     * @return false if there will be no more work
     */
    synchronized boolean await(List<T> now, List<T> joining) throws InterruptedException {
        running = now.size();
        holders = adapters(now);
        long settled = 0;
        while (state != State.STOPPED) {
            line.removeUnwanted().forEach(this::refuse);
            ask();
            if (running == 0 && admitted.isEmpty()) {
                if (state == State.DRAINING && line.size() == 0) {
                    return false;
                }
                wait(line.size() == 0 ? 0 : POLL_MILLIS);
                continue;
            }
            if (running == 0 && line.asking() > 0) {
                settled = settled == 0 ? System.nanoTime() + SETTLE_NANOS : settled;
                long left = settled - System.nanoTime();
                if (left > 0) {
                    TimeUnit.NANOSECONDS.timedWait(this, left);
                    continue;
                }
            }
            holders += adapters(admitted);
            running += admitted.size();
            joining.addAll(admitted);
            admitted.clear();
            return true;
        }
        return false;
    }

    /** Has adapters leased for as many requests as there are places. */
    private void ask() {
        for (int free = places - running - admitted.size() - line.asking(); free > 0; free--) {
            Candidate<T> next = line.ask(models::isResident, releases, line.asking() == holders());
            if (next == null) {
                return;
            }
            try {
                leasing.execute(() -> lease(next));
            } catch (RuntimeException | Error e) {
                line.remove(next);
                next.refuse(BatchEngine.internal());
                throw e;
            }
        }
    }

    /** Returns how many hold an adapter, or may soon. */
    private long holders() {
        return holders + adapters(admitted) + line.asking();
    }

    private static long adapters(List<? extends Admitted> generations) {
        return generations.stream().filter(Admitted::holdsAdapter).count();
    }

    /** Leases the adapter of a request, which goes on, is kept in the line, or is refused. */
    private void lease(Candidate<T> candidate) {
        T begun = null;
        boolean full = false;
        ApiException error = BatchEngine.stopping();
        try {
            begun = begin(candidate);
        } catch (StoreFullException e) {
            full = true;
            error = BatchEngine.noRoom(candidate.model());
        } catch (ApiException e) {
            error = e;
        } catch (RuntimeException | Error e) {
            memory.note(e);
            LOG.error("A completion could not begin", e);
            error = BatchEngine.internal();
        }
        synchronized (this) {
            notifyAll();
            boolean isOpen = state != State.STOPPED;
            if (full && isOpen && holders() > 1) {
                line.keep(candidate);
                return;
            }
            line.remove(candidate);
            if (begun != null && isOpen) {
                admitted.add(begun);
                return;
            }
        }
        if (begun != null) {
            begun.fail(error);
        } else {
            candidate.refuse(error);
        }
    }

    private T begin(Candidate<T> candidate) {
        ModelLease lease = models.hold(candidate.model());
        try {
            return candidate.begin(lease);
        } catch (RuntimeException | Error e) {
            lease.close();
            throw e;
        }
    }

    private void refuse(Candidate<T> candidate) {
        if (candidate.isGone()) {
            metrics.aborted();
            candidate.refuse(BatchEngine.gone());
        } else {
            candidate.refuse(
                    candidate.isBlocked()
                            ? BatchEngine.noRoom(candidate.model())
                            : BatchEngine.late());
        }
    }

    /** Refuses all that wait, and waits for the leases that are being made, to give them back. */
    void end() {
        List<Candidate<T>> left;
        List<T> begun;
        boolean interrupted = false;
        synchronized (this) {
            left = line.removeAll();
            begun = List.copyOf(admitted);
            admitted.clear();
            while (line.asking() > 0) {
                try {
                    wait();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        left.forEach(candidate -> candidate.refuse(BatchEngine.stopping()));
        begun.forEach(generation -> generation.fail(BatchEngine.stopping()));
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
