package dev.ligature.store;

import dev.ligature.Routing;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A hold on an adapter: until it is closed, the adapter stays in memory and is the one that it was,
 * whatever becomes of its files.
 *
 * <pre>{@code
 * try (AdapterLease lease = store.lease("legal")) {
 *     NDList logits = lora.forward(parameterStore, inputs, lease.routing());
 * }
 * }</pre>
 */
public final class AdapterLease implements AutoCloseable {
    private final CachedAdapter resident;
    private final Runnable release;
    private final AtomicBoolean closed = new AtomicBoolean();

    AdapterLease(CachedAdapter resident, Runnable release) {
        this.resident = resident;
        this.release = release;
    }

    /** Returns the adapter's name in the store. */
    public String name() {
        return resident.name();
    }

    /**
     * Returns the adapter's name on the model: that in the store, a dot, and a number that tells
     * this load of it from every other.
     */
    public String routedName() {
        return resident.adapter().name();
    }

    /** Returns the routing through the adapter. */
    public Routing routing() {
        return Routing.of(routedName());
    }

    /** Ends the hold; a second call does nothing. */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            release.run();
        }
    }

    @Override
    public String toString() {
        return "AdapterLease(" + routedName() + ")";
    }
}
