package dev.ligature.server.internal.admission;

import dev.ligature.Routing;
import dev.ligature.store.AdapterLease;
import org.jspecify.annotations.Nullable;

/**
 * A hold on what a request goes through.
 *
 * @param lease on an adapter; null for the base alone
 */
public record ModelLease(@Nullable AdapterLease lease) implements AutoCloseable {
    /** Returns the adapter's name on the model, or {@link Routing#BASE}. */
    public String adapter() {
        return lease == null ? Routing.BASE : lease.routedName();
    }

    @Override
    public void close() {
        if (lease != null) {
            lease.close();
        }
    }
}
