package dev.ligature.store;

import dev.ligature.Adapter;
import dev.ligature.LoraException;
import dev.ligature.LoraModel;
import dev.ligature.LoraStateException;
import dev.ligature.StoreFullException;
import dev.ligature.UnknownAdapterException;
import dev.ligature.checkpoint.AdapterLoadOptions;
import dev.ligature.internal.adapter.AdapterName;
import dev.ligature.internal.registry.AdapterRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A cache of PEFT adapters over a directory that has one folder per adapter, or over another {@link
 * AdapterSource}. An adapter is loaded when it is first leased; when the budget is used up, the
 * least recently used adapters without a lease are evicted.
 *
 * <pre>{@code
 * try (AdapterStore store = AdapterStore.open(lora, Path.of("adapters"), 512L << 20)) {
 *     try (AdapterLease lease = store.lease("legal")) {
 *         NDList logits = lora.forward(parameterStore, inputs, lease.routing());
 *     }
 * }
 * }</pre>
 *
 * <p>Thread-safe. The first thread that asks for an adapter loads it; other threads that ask for
 * the same adapter wait, and threads that ask for other adapters do not. A leased adapter is never
 * evicted: if leased adapters take up the whole budget, a lease of a further one is refused.
 *
 * <p>Each lease checks the adapter's files (their identity, time and size). An adapter whose folder
 * was replaced is loaded again for new leases, while open leases keep the former one. Replace a
 * folder by renaming, as {@link LoraModel#save} does. A folder that cannot be loaded is an error
 * for each lease of it, without being read again, until its files change.
 *
 * <p>On the model, adapters have the names of their leases ({@link AdapterLease#routedName}).
 */
public final class AdapterStore implements AutoCloseable {
    private final LoraModel lora;
    private final StoreSource source;
    private final AdapterCache cache;
    private final RoutedNames names;
    private final SourceLoads loads;

    AdapterStore(LoraModel lora, StoreSource source, long budgetBytes, SourceLoads.Loader loader) {
        this.lora = lora;
        this.source = source;
        this.names = new RoutedNames(lora);
        this.cache = new AdapterCache(budgetBytes, cached -> names.remove(cached.adapter()));
        this.loads = new SourceLoads(lora, source, cache, loader, names);
    }

    /**
     * Opens a store; loads nothing yet.
     *
     * @param lora the model that the adapters are for
     * @param directory has a folder for each adapter, named like it
     * @param budgetBytes the upper limit of the bytes of all arrays, including those being loaded
     * @throws LoraException if the directory does not exist or the budget is not positive
     */
    public static AdapterStore open(LoraModel lora, Path directory, long budgetBytes) {
        return open(lora, directory, budgetBytes, AdapterLoadOptions.defaults());
    }

    /**
     * Opens a store; loads nothing yet.
     *
     * @param lora the model that the adapters are for
     * @param directory has a folder for each adapter, named like it
     * @param budgetBytes the upper limit of the bytes of all arrays, including those being loaded
     * @param options how each adapter is loaded
     * @throws LoraException if the directory does not exist or the budget is not positive
     */
    public static AdapterStore open(
            LoraModel lora, Path directory, long budgetBytes, AdapterLoadOptions options) {
        Objects.requireNonNull(directory, "directory");
        return open(lora, new AdapterFolder(directory), budgetBytes, options);
    }

    /**
     * Opens a store; loads nothing yet.
     *
     * @param lora the model that the adapters are for
     * @param source where they come from; stays open when the store is closed
     * @param budgetBytes the upper limit of the bytes of all arrays, including those being loaded
     * @param options how each adapter is loaded
     * @throws LoraException if the budget is not positive
     */
    public static AdapterStore open(
            LoraModel lora, AdapterSource source, long budgetBytes, AdapterLoadOptions options) {
        Objects.requireNonNull(lora, "lora");
        Objects.requireNonNull(source, "source");
        Objects.requireNonNull(options, "options");
        if (budgetBytes <= 0) {
            throw StoreMessage.BUDGET_NOT_POSITIVE.error(budgetBytes);
        }
        return new AdapterStore(lora, new StoreSource(source), budgetBytes, loader(lora, options));
    }

    static SourceLoads.Loader loader(LoraModel lora, AdapterLoadOptions options) {
        AdapterRegistry adapters = AdapterRegistry.of(lora);
        return (name, directory, room) -> adapters.load(name, directory, options, room);
    }

    /**
     * Returns the names of the adapters: those of the source, loaded or not, and published ones.
     */
    public Set<String> names() throws IOException {
        Set<String> names = source.names();
        names.addAll(cache.published());
        return names;
    }

    /**
     * Returns the names that are known at once, without a wait for another machine.
     *
     * @throws IOException if none are known
     */
    public Set<String> knownNames() throws IOException {
        Set<String> names = source.knownNames();
        names.addAll(cache.published());
        return names;
    }

    /**
     * Publishes an adapter as it is now, in place of what has the name: a lease that begins after
     * this is one of a copy of its values, while open leases keep what they have until they are
     * closed. No file is read or written, and the adapter may be trained on.
     *
     * <p>A published adapter stays in memory until it is replaced or {@linkplain #withdraw
     * withdrawn}; a folder of its name is hidden meanwhile. While it is replaced, there must be
     * room for both.
     *
     * @param name the name in this store
     * @param adapter an adapter of the store's model; no step may write to it meanwhile
     * @throws StoreFullException if there is no room for the copy ({@code LoraStoreFull})
     * @throws LoraStateException if the store is closed ({@code LoraStoreClosed}) or the adapter
     *     was removed ({@code LoraAdapterRemoved})
     * @throws LoraException if the name is invalid, the adapter is of another model ({@code
     *     LoraStoreForeign}), or it is larger than the whole budget
     */
    public void publish(String name, Adapter adapter) {
        AdapterName.check(Objects.requireNonNull(name, "name"));
        Objects.requireNonNull(adapter, "adapter");
        if (!lora.hasAdapter(adapter.name()) || lora.adapter(adapter.name()) != adapter) {
            throw StoreMessage.FOREIGN.error(adapter.name());
        }
        PendingLoad pending = new PendingLoad();
        Adapter copy = null;
        boolean published = false;
        try {
            AdapterRegistry adapters = AdapterRegistry.of(lora);
            LongConsumer room = bytes -> cache.reserve(pending, name, bytes);
            copy = names.register(name, routed -> adapters.copy(adapter.name(), routed, room));
            cache.replace(pending, new CachedAdapter(name, null, copy));
            published = true;
        } finally {
            if (!published) {
                cache.unreserve(pending);
                if (copy != null) {
                    names.remove(copy);
                }
            }
        }
    }

    /**
     * Ends what {@link #publish} began: open leases keep the adapter, and further ones get that of
     * the directory, if it has one of the name.
     *
     * @return whether an adapter of the name was published
     */
    public boolean withdraw(String name) {
        Objects.requireNonNull(name, "name");
        return cache.remove(name, CachedAdapter::isPublished);
    }

    /**
     * Returns whether {@link #names} has a name; false also if the source cannot tell, for which a
     * lease gives the reason. Reads no other adapter's files.
     *
     * @param name a name
     */
    public boolean has(String name) {
        Objects.requireNonNull(name, "name");
        return cache.published().contains(name) || source.has(name);
    }

    /**
     * Returns whether {@link #names} has a name, without a wait for another machine; empty if that
     * has to be found out, which a lease does.
     *
     * @param name a name
     */
    public Optional<Boolean> knows(String name) {
        Objects.requireNonNull(name, "name");
        return cache.published().contains(name) ? Optional.of(true) : source.knows(name);
    }

    /**
     * Adds an adapter whose folder is outside the source; loads nothing.
     *
     * @param name its name in the store
     * @param elsewhere its folder
     * @return false if the store has an adapter of that name; nothing has changed then
     * @throws LoraException if the name is invalid
     * @throws IOException if the source cannot tell whether it has the name
     */
    public boolean add(String name, Path elsewhere) throws IOException {
        Objects.requireNonNull(name, "name");
        return source.add(name, Objects.requireNonNull(elsewhere, "elsewhere"));
    }

    /**
     * Removes an adapter that was added; open leases keep it in memory. The source stays as it is.
     *
     * @param name its name
     * @return false if none of that name was added
     */
    public boolean remove(String name) {
        boolean removed = source.remove(Objects.requireNonNull(name, "name"));
        if (removed) {
            cache.remove(name, cached -> !cached.isPublished());
        }
        return removed;
    }

    /**
     * Returns when the newest file of an adapter was written, or its folder if it has none; empty
     * if there is no such adapter, or the source does not know.
     *
     * @param name a name
     */
    public Optional<Instant> changed(String name) throws IOException {
        return source.changed(Objects.requireNonNull(name, "name"));
    }

    /** Returns what looks like an adapter in the source and cannot be leased by its name. */
    public Set<String> invalidNames() throws IOException {
        return source.invalidNames();
    }

    /**
     * Returns whether an adapter is in memory. Reads no file, so its folder may have changed.
     *
     * @param name its name
     */
    public boolean isLoaded(String name) {
        return cache.has(Objects.requireNonNull(name, "name"));
    }

    /**
     * Leases an adapter, and loads it if it is not in memory.
     *
     * @param name its name, that of its folder
     * @return the lease, to be closed
     * @throws UnknownAdapterException if there is no such adapter
     * @throws StoreFullException if leased adapters leave no room for it ({@code LoraStoreFull})
     * @throws LoraStateException if the store is closed ({@code LoraStoreClosed}) or the model is
     *     unwrapped ({@code LoraUnwrapped})
     * @throws LoraException if the name is invalid, its configuration does not fit the model, or it
     *     is larger than the whole budget
     * @throws IOException if its files cannot be read or are not an adapter of this model
     */
    public AdapterLease lease(String name) throws IOException {
        return leaseOf(Objects.requireNonNull(counted(() -> loads.lease(name))));
    }

    private AdapterLease leaseOf(CachedAdapter cached) {
        return new AdapterLease(cached, () -> cache.release(cached));
    }

    /** Something that may give a leased adapter. */
    private interface Leasing {
        @Nullable CachedAdapter lease() throws IOException;
    }

    private @Nullable CachedAdapter counted(Leasing leasing) throws IOException {
        try {
            return leasing.lease();
        } catch (IOException | RuntimeException | Error e) {
            cache.countFailure();
            throw e;
        }
    }

    /**
     * Leases an adapter if it is in memory and its files have not changed; loads nothing.
     *
     * @param name its name
     * @return the lease, to be closed; empty if the adapter has to be loaded
     * @throws UnknownAdapterException if there is no such adapter any more
     * @throws LoraStateException if the store is closed ({@code LoraStoreClosed})
     * @throws IOException if the state of its files cannot be told
     */
    public Optional<AdapterLease> leaseLoaded(String name) throws IOException {
        Objects.requireNonNull(name, "name");
        CachedAdapter cached = counted(() -> loads.leaseLoaded(name));
        return Optional.ofNullable(cached).map(this::leaseOf);
    }

    /**
     * Loads an adapter ahead of its first request. It may be evicted like any other; to keep it in
     * memory, hold a lease.
     *
     * @param name its name
     * @throws LoraException as for {@link #lease}
     * @throws IOException as for {@link #lease}
     */
    public void preload(String name) throws IOException {
        lease(name).close();
    }

    /** Returns the counters of the store and the state of its cache. */
    public StoreStatistics statistics() {
        return cache.statistics();
    }

    /** Returns whether the store was closed; every lease is then refused. */
    public boolean isClosed() {
        return cache.isClosed();
    }

    /**
     * Frees the adapters, leased ones when their last lease is closed. Close the store before the
     * model is unwrapped.
     */
    @Override
    public void close() {
        cache.close();
    }
}
