package dev.ligature.store;

import dev.ligature.LoraException;
import dev.ligature.LoraModel;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.internal.adapter.AdapterState;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A directory of PEFT adapters, one folder each, as the catalogue over one model. Adapters are
 * loaded when they are asked for; those that were not asked for the longest make room.
 *
 * <pre>{@code
 * try (AdapterStore store = AdapterStore.open(lora, Path.of("adapters"), 512L << 20)) {
 *     try (AdapterLease lease = store.lease("legal")) {
 *         NDList logits = lora.forward(parameterStore, inputs, lease.routing());
 *     }
 * }
 * }</pre>
 *
 * <p>Any number of threads may use it. An adapter is loaded by the thread that asks for it; others
 * that ask for the same one wait, and nobody else does. An adapter that a request holds is never
 * freed: where all of the budget is held, a further adapter is refused and not squeezed in.
 *
 * <p>Each lease looks at the adapter's files (their identity, time and size), so what was replaced
 * on disk is loaded anew for those who come after, while requests under way keep what they have.
 * Replace a folder by renaming, as {@link LoraModel#save} does. A folder that cannot be loaded is
 * an error for those who ask for it, who get it again until its files change.
 *
 * <p>On the model, adapters have the names of their leases ({@link AdapterLease#routedName}).
 */
public final class AdapterStore implements AutoCloseable {
    private static final int ATTEMPTS = 3;
    private static final int LONGEST_STEM = 100; // of the 128 characters that a name may have

    private final LoraModel lora;
    private final AdapterFolder catalogue;
    private final AdapterCache shelf;
    private final AtomicLong generation = new AtomicLong();

    private AdapterStore(LoraModel lora, AdapterFolder catalogue, long budgetBytes) {
        this.lora = lora;
        this.catalogue = catalogue;
        this.shelf = new AdapterCache(budgetBytes, resident -> free(resident.adapter()));
    }

    /**
     * Opens a store; loads nothing yet.
     *
     * @param lora the model that the adapters are for
     * @param directory has a folder for each adapter, by its name
     * @param budgetBytes the most bytes of adapters' arrays. While one is loaded, the size of its
     *     file counts
     * @throws LoraException if the directory is none or the budget is not positive
     */
    public static AdapterStore open(LoraModel lora, Path directory, long budgetBytes) {
        if (budgetBytes <= 0) {
            throw new LoraException(
                    "LoraStoreBudget",
                    "The budget is "
                            + budgetBytes
                            + " bytes; it must be positive. Give it room for the adapters that are"
                            + " used at once.");
        }
        return new AdapterStore(lora, new AdapterFolder(directory), budgetBytes);
    }

    /** Returns the names of the adapters in the directory, sorted, loaded or not. */
    public Set<String> names() throws IOException {
        return catalogue.names();
    }

    /**
     * Holds an adapter, and loads it where it is not in memory.
     *
     * @param name its name, that of its folder
     * @return the hold, to be closed
     * @throws LoraException if there is no such adapter, its configuration does not fit the model,
     *     or there is no room for it
     * @throws IOException if its files cannot be read or are not an adapter of this model
     */
    public AdapterLease lease(String name) throws IOException {
        try {
            CachedAdapter resident = resident(name);
            return new AdapterLease(resident, () -> shelf.release(resident));
        } catch (IOException | RuntimeException | Error e) {
            shelf.countFailure();
            throw e;
        }
    }

    /**
     * Loads an adapter ahead of its first request. It may be evicted like any other; to keep it,
     * hold a lease.
     *
     * @param name its name
     * @throws LoraException as for {@link #lease}
     * @throws IOException as for {@link #lease}
     */
    public void preload(String name) throws IOException {
        lease(name).close();
    }

    /** Returns what the store has done and what it holds. */
    public StoreStatistics statistics() {
        return shelf.statistics();
    }

    /**
     * Frees the adapters, those that are held when they are released. Close it before the model is
     * unwrapped.
     */
    @Override
    public void close() {
        shelf.close();
    }

    private CachedAdapter resident(String name) throws IOException {
        while (true) {
            Lookup claim = shelf.claim(name, find(name));
            if (claim instanceof Lookup.Refused refused) {
                throw PendingLoad.rethrown(refused.error());
            }
            if (claim instanceof Lookup.Held held) {
                return held.resident();
            }
            if (claim instanceof Lookup.Mine mine) {
                return load(name, mine.loading());
            }
            PendingLoad theirs = ((Lookup.Theirs) claim).loading();
            try {
                return theirs.await();
            } catch (InterruptedException e) {
                shelf.giveUp(theirs);
                Thread.currentThread().interrupt();
                throw (InterruptedIOException)
                        new InterruptedIOException("interrupted while adapter " + name + " loads")
                                .initCause(e);
            } catch (InterruptedIOException | ClosedByInterruptException other) {
                // It was the other thread that was interrupted: ask again.
            }
        }
    }

    private FolderStamp find(String name) throws IOException {
        try {
            return catalogue.find(name);
        } catch (IOException | LoraException gone) {
            shelf.forget(name);
            throw gone;
        }
    }

    private CachedAdapter load(String name, PendingLoad loading) throws IOException {
        try {
            for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
                CachedAdapter loaded = attempt(name, loading);
                if (loaded != null) {
                    return loaded;
                }
            }
            throw new CheckpointException(
                    "CheckpointChanged",
                    catalogue.root().resolve(name)
                            + " was replaced each time it was read, "
                            + ATTEMPTS
                            + " times. Ask for the adapter when it is complete.");
        } catch (IOException | RuntimeException | Error e) {
            shelf.abandon(name, loading, e);
            throw e;
        }
    }

    /** Loads once; null if the files changed meanwhile, so that nobody knows what was read. */
    private @Nullable CachedAdapter attempt(String name, PendingLoad loading) throws IOException {
        FolderStamp files = catalogue.find(name);
        AdapterState adapter;
        try {
            adapter = read(name, files.directory(), loading);
        } catch (CheckpointException | LoraException e) {
            shelf.unreserve(loading);
            if (!catalogue.find(name).equals(files)) {
                return null;
            }
            if (!(e instanceof LoraException refused && refused.code().startsWith("LoraStore"))) {
                shelf.remember(name, files, e); // it is the files, and not the room
            }
            throw e;
        }
        boolean published = false;
        try {
            if (!catalogue.find(name).equals(files)) {
                return null;
            }
            CachedAdapter resident = new CachedAdapter(name, files, adapter);
            shelf.publish(loading, resident);
            published = true;
            return resident;
        } finally {
            if (!published) {
                shelf.unreserve(loading);
                free(adapter);
            }
        }
    }

    private void free(AdapterState adapter) {
        try {
            lora.remove(adapter.name());
        } catch (LoraException e) {
            if (!e.code().equals("LoraUnknownAdapter")) {
                throw e; // else somebody removed it from the model by hand
            }
        }
    }

    private AdapterState read(String name, Path directory, PendingLoad loading) throws IOException {
        String stem = name.substring(0, Math.min(name.length(), LONGEST_STEM));
        while (true) {
            try {
                return lora.load(
                        stem + "." + generation.incrementAndGet(),
                        directory,
                        bytes -> shelf.reserve(loading, name, bytes));
            } catch (LoraException e) {
                if (!e.code().equals("LoraAdapterExists")) {
                    throw e; // else somebody put an adapter of that name on the model by hand
                }
            }
        }
    }
}
