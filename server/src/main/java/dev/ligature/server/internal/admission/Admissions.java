package dev.ligature.server.internal.admission;

import dev.ligature.StoreFullException;
import dev.ligature.server.internal.answer.ApiException;
import dev.ligature.server.internal.answer.Refusals;
import dev.ligature.server.internal.metrics.ServerMetrics;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides which requests join the batch, and has their adapters leased for that by other threads. A
 * request for whose adapter there is no room waits until other leases end. One whose adapter is
 * being loaded leaves its place to those whose adapters are in memory.
 *
 * @param <T> what requests become
 */
public final class Admissions<T extends Admitted> {
    private static final Logger LOG = LoggerFactory.getLogger(Admissions.class);

    /** How long completions wait for others that begin with them, where nothing runs. */
    private static final long SETTLE_NANOS = TimeUnit.MILLISECONDS.toNanos(2);

    private static final long POLL_MILLIS = 100; // for requests that end while they wait
    private static final int PASSES = 2; // by later requests, for each place

    private final int places;
    private final ModelLeases models;
    private final Leasing leasing;
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
     * @param leasing leases adapters
     * @param metrics where requests that are given up are counted
     * @param memory is told what goes wrong
     */
    public Admissions(
            int places,
            ModelLeases models,
            Leasing leasing,
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
    public synchronized void add(List<Candidate<T>> candidates) {
        if (state != State.OPEN) {
            throw Refusals.stopping();
        }
        candidates.forEach(line::add);
        notifyAll();
    }

    /** Returns how many requests wait. */
    public synchronized int waiting() {
        return line.size();
    }

    /** Counts the end of a completion, after which there may be room for another adapter. */
    public synchronized void released() {
        releases++;
    }

    /** Takes no more on, and lets those that wait join. */
    public synchronized void drain() {
        if (state == State.OPEN) {
            state = State.DRAINING;
        }
        notifyAll();
    }

    /** Lets nobody join any more. */
    public synchronized void close() {
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
    public synchronized boolean await(List<T> now, List<T> joining) throws InterruptedException {
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
            if (running == 0 && line.asking() > line.loading()) {
                settled = settled == 0 ? System.nanoTime() + SETTLE_NANOS : settled;
                long left = settled - System.nanoTime();
                if (left > 0) {
                    TimeUnit.NANOSECONDS.timedWait(this, left);
                    continue;
                }
            }
            // An adapter may be loaded when others have taken the places.
            List<T> next = admitted.subList(0, Math.min(admitted.size(), places - running));
            holders += adapters(next);
            running += next.size();
            joining.addAll(next);
            next.clear();
            return true;
        }
        return false;
    }

    /** Has adapters leased for as many requests as there are places. */
    private void ask() {
        while (true) {
            int free = places - running - admitted.size() - line.asking();
            if (free + line.loading() <= 0) {
                return;
            }
            Candidate<T> next =
                    line.ask(models::isResident, releases, line.asking() == holders(), free > 0);
            if (next == null) {
                return;
            }
            try {
                leasing.execute(() -> leaseLoaded(next));
            } catch (RuntimeException | Error e) {
                line.remove(next);
                next.refuse(Refusals.internal());
                throw e;
            }
        }
    }

    /** Leases the adapter of a request if it is in memory, and lets others load it if not. */
    private void leaseLoaded(Candidate<T> candidate) {
        if (isStopped()) {
            end(candidate, null, Refusals.stopping());
            return;
        }
        Optional<ModelLease> lease;
        try {
            lease = models.holdLoaded(candidate.model());
        } catch (RuntimeException | Error e) {
            end(candidate, null, refusal(e));
            return;
        }
        if (lease.isPresent()) {
            begin(candidate, lease::get);
            return;
        }
        try {
            synchronized (this) {
                line.load(candidate);
            }
            leasing.load(() -> begin(candidate, () -> models.hold(candidate.model())));
        } catch (RuntimeException e) {
            end(candidate, null, isStopped() ? Refusals.stopping() : refusal(e));
        }
    }

    private synchronized boolean isStopped() {
        return state == State.STOPPED;
    }

    /** Returns how many hold an adapter, or may soon. */
    private long holders() {
        return holders + adapters(admitted) + line.asking();
    }

    private static long adapters(List<? extends Admitted> generations) {
        return generations.stream().filter(Admitted::holdsAdapter).count();
    }

    /** Begins a request with its adapter; it goes on, is kept in the line, or is refused. */
    private void begin(Candidate<T> candidate, Supplier<ModelLease> held) {
        if (isStopped()) {
            end(candidate, null, Refusals.stopping());
            return;
        }
        try {
            end(candidate, begun(candidate, held.get()), Refusals.stopping());
        } catch (StoreFullException e) {
            synchronized (this) {
                notifyAll();
                if (state != State.STOPPED && holders() > 1) {
                    line.keep(candidate);
                    return;
                }
            }
            end(candidate, null, Refusals.noRoom(candidate.model()));
        } catch (RuntimeException | Error e) {
            end(candidate, null, refusal(e));
        }
    }

    private T begun(Candidate<T> candidate, ModelLease lease) {
        try {
            return candidate.begin(lease);
        } catch (RuntimeException | Error e) {
            lease.close();
            throw e;
        }
    }

    private ApiException refusal(Throwable e) {
        if (e instanceof ApiException error) {
            return error;
        }
        memory.note(e);
        LOG.error("A completion could not begin", e);
        return Refusals.internal();
    }

    /** Takes a request out of the line: it joins the batch, or ends with an error. */
    private void end(Candidate<T> candidate, @Nullable T begun, ApiException error) {
        synchronized (this) {
            notifyAll();
            line.remove(candidate);
            if (begun != null && state != State.STOPPED) {
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

    private void refuse(Candidate<T> candidate) {
        if (candidate.isGone()) {
            metrics.aborted();
            candidate.refuse(Refusals.gone());
        } else {
            candidate.refuse(
                    candidate.isBlocked() ? Refusals.noRoom(candidate.model()) : Refusals.late());
        }
    }

    /** Refuses all that wait, and waits for the leases that are being made, to give them back. */
    public void end() {
        leasing.interrupt();
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
        left.forEach(candidate -> candidate.refuse(Refusals.stopping()));
        begun.forEach(generation -> generation.fail(Refusals.stopping()));
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
