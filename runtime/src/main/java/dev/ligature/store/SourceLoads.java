package dev.ligature.store;

import dev.ligature.Adapter;
import dev.ligature.LoraException;
import dev.ligature.LoraModel;
import dev.ligature.LoraStateException;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.internal.files.Interruption;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Loads the adapters of a source into the cache, each by the first thread that leases it.
 * Thread-safe.
 */
final class SourceLoads {
    private static final int ATTEMPTS = 3;

    private final LoraModel lora;
    private final StoreSource source;
    private final AdapterCache cache;
    private final Loader loader;
    private final RoutedNames names;

    SourceLoads(
            LoraModel lora,
            StoreSource source,
            AdapterCache cache,
            Loader loader,
            RoutedNames names) {
        this.lora = lora;
        this.source = source;
        this.cache = cache;
        this.loader = loader;
        this.names = names;
    }

    /** Loads an adapter onto the model, and asks for room when it has planned it. */
    interface Loader {
        Adapter load(String routedName, Path directory, LongConsumer room) throws IOException;
    }

    /**
     * Returns an adapter with a lease of it, which {@link AdapterCache#release} ends.
     *
     * @throws IOException if its files cannot be read or are not an adapter of this model
     */
    CachedAdapter lease(String name) throws IOException {
        while (true) {
            CachedAdapter published = cache.leaseIf(name, CachedAdapter::isPublished);
            Lookup found =
                    published == null ? cache.lookUp(name, find(name)) : new Lookup.Hit(published);
            if (found instanceof Lookup.KnownBad bad) {
                throw PendingLoad.rethrown(bad.error());
            }
            if (found instanceof Lookup.Hit hit) {
                CachedAdapter cached = hit.adapter();
                if (lora.hasAdapter(cached.adapter().name())) {
                    return cached;
                }
                cache.release(cached); // the application has removed it from the model by itself
                cache.remove(name, lost -> true);
                continue;
            }
            if (found instanceof Lookup.LoadIt toLoad) {
                return load(name, toLoad.pending());
            }
            PendingLoad elsewhere = ((Lookup.LoadingElsewhere) found).pending();
            try {
                return elsewhere.await();
            } catch (InterruptedException e) {
                cache.giveUp(elsewhere);
                Thread.currentThread().interrupt();
                throw (InterruptedIOException)
                        new InterruptedIOException("interrupted while adapter " + name + " loads")
                                .initCause(e);
            } catch (IOException e) {
                if (!Interruption.is(e)) {
                    throw e;
                }
                // It was the other thread that was interrupted: ask again.
            }
        }
    }

    /** Returns an adapter with a lease of it if it is in memory; null if it is not. */
    @Nullable CachedAdapter leaseLoaded(String name) throws IOException {
        CachedAdapter published = cache.leaseIf(name, CachedAdapter::isPublished);
        if (published != null || !cache.has(name)) {
            return published;
        }
        AdapterVersion version = find(name);
        CachedAdapter cached = cache.leaseIf(name, each -> each.serves(version));
        if (cached != null && !lora.hasAdapter(cached.adapter().name())) {
            cache.release(cached); // the application has removed it from the model by itself
            return null;
        }
        return cached;
    }

    private AdapterVersion find(String name) throws IOException {
        try {
            return source.find(name);
        } catch (IOException | LoraException gone) {
            cache.remove(name, cached -> !cached.isPublished());
            throw gone;
        }
    }

    private CachedAdapter load(String name, PendingLoad pending) throws IOException {
        try {
            for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
                CachedAdapter loaded = attempt(name, pending);
                if (loaded != null) {
                    return loaded;
                }
            }
            throw StoreMessage.CHANGED.fileError(source.place(name), ATTEMPTS);
        } catch (IOException | RuntimeException | Error e) {
            cache.abandon(name, pending, e);
            throw e;
        }
    }

    /** Loads once; null if the files changed meanwhile, as what was read may then be a mixture. */
    private @Nullable CachedAdapter attempt(String name, PendingLoad pending) throws IOException {
        AdapterVersion version = source.find(name);
        AdapterFiles files;
        try {
            files = version.open();
        } catch (IOException e) {
            if (!source.find(name).equals(version)) {
                return null;
            }
            throw e; // not remembered: what cannot be had now may be there later
        }
        try (files) {
            return attempt(name, version, files.directory(), pending);
        }
    }

    private @Nullable CachedAdapter attempt(
            String name, AdapterVersion version, Path directory, PendingLoad pending)
            throws IOException {
        Adapter adapter;
        try {
            adapter = read(name, directory, pending);
        } catch (CheckpointException | LoraException e) {
            cache.unreserve(pending);
            if (!source.find(name).equals(version)) {
                return null;
            }
            if (!(e instanceof LoraStateException)) {
                cache.remember(name, version, e); // the files are wrong, whatever the store's state
            }
            throw e;
        }
        boolean published = false;
        try {
            if (!source.find(name).equals(version)) {
                return null;
            }
            CachedAdapter cached = new CachedAdapter(name, version, adapter);
            cache.publish(pending, cached);
            published = true;
            return cached;
        } finally {
            if (!published) {
                cache.unreserve(pending);
                names.remove(adapter);
            }
        }
    }

    /** Loads an adapter under a name of its own, once there is room for what its plan takes. */
    private Adapter read(String name, Path directory, PendingLoad pending) throws IOException {
        return names.register(
                name,
                routed ->
                        loader.load(
                                routed, directory, bytes -> cache.reserve(pending, name, bytes)));
    }
}
