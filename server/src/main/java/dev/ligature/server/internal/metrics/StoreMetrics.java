package dev.ligature.server.internal.metrics;

import dev.ligature.store.StoreStatistics;
import java.util.function.Function;
import java.util.function.Supplier;

/** Shows what the store of the adapters says of itself. */
public final class StoreMetrics {
    private final Supplier<StoreStatistics> store;
    private final ServerMetrics metrics;

    private StoreMetrics(Supplier<StoreStatistics> store, ServerMetrics metrics) {
        this.store = store;
        this.metrics = metrics;
    }

    /** Shows the numbers of a store from now on. */
    public static void show(Supplier<StoreStatistics> store, ServerMetrics metrics) {
        StoreMetrics shown = new StoreMetrics(store, metrics);
        shown.counter("hits", "Adapters found in memory.", StoreStatistics::hits);
        shown.counter("misses", "Adapters waited for.", StoreStatistics::misses);
        shown.counter("failures", "Adapters not had.", StoreStatistics::failures);
        shown.counter("loads", "Adapters loaded.", StoreStatistics::loads);
        shown.counter("evictions", "Adapters evicted.", StoreStatistics::evictions);
        shown.counter(
                "replacements",
                "Adapters freed because their files changed.",
                StoreStatistics::replacements);
        shown.gauge("adapters", "Adapters in memory.", StoreStatistics::residentCount);
        shown.gauge("leased", "Adapters held by requests.", StoreStatistics::leasedCount);
        shown.gauge("bytes", "Bytes of adapters.", StoreStatistics::residentBytes);
        shown.gauge("budget.bytes", "The most they may be.", StoreStatistics::budgetBytes);
    }

    private void counter(String name, String help, Function<StoreStatistics, Number> value) {
        metrics.counter("ligature.store." + name, help, () -> value.apply(store.get()));
    }

    private void gauge(String name, String help, Function<StoreStatistics, Number> value) {
        metrics.gauge("ligature.store." + name, help, () -> value.apply(store.get()));
    }
}
