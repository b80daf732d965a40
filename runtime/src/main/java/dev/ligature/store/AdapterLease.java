package dev.ligature.store;

import dev.ligature.Adapter;
import dev.ligature.Routing;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A lease of an adapter: until it is closed, the adapter stays in memory unchanged, even if its
 * files are replaced or deleted. Thread-safe.
 *
 * <pre>{@code
 * try (AdapterLease lease = store.lease("legal")) {
 *     NDList logits = lora.forward(parameterStore, inputs, lease.routing());
 * }
 * }</pre>
 */
public final class AdapterLease implements AutoCloseable {
    private final CachedAdapter cached;
    private final Runnable release;
    private final AtomicBoolean closed = new AtomicBoolean();

    AdapterLease(CachedAdapter cached, Runnable release) {
        this.cached = cached;
        this.release = release;
    }

    /** Returns the adapter's name in the store. */
    public String name() {
        return cached.name();
    }

    /**
     * Returns the adapter's name on the model: its name in the store, a dot, and a number that is
     * different for each load.
     */
    public String routedName() {
        return cached.adapter().name();
    }

    /** Returns the adapter, for its configuration and plan; only the store removes it. */
    public Adapter adapter() {
        return cached.adapter();
    }

    /** Returns the routing through the adapter. */
    public Routing routing() {
        return Routing.of(routedName());
    }

    /** Ends the lease; a second call does nothing. */
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
