package dev.ligature.store;

import java.io.IOException;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * Where the adapters of a store come from: a {@linkplain AdapterFolder directory}, a {@linkplain
 * dev.ligature.store.remote.CachedAdapters cache on disk} of adapters elsewhere, or something of
 * the application's own. Thread-safe. {@code toString} names it in messages.
 */
public interface AdapterSource {
    /** Returns the names of the adapters. */
    Set<String> names() throws IOException;

    /**
     * Returns the names of the adapters as far as they are known now: this must not wait for
     * another machine, because lists and pages are made of it.
     *
     * @throws IOException if nothing is known
     */
    default Set<String> knownNames() throws IOException {
        return names();
    }

    /** Returns the names of what looks like an adapter and cannot be leased by its name. */
    default Set<String> invalidNames() throws IOException {
        return Set.of();
    }

    /**
     * Returns whether there is an adapter.
     *
     * @param name a valid name
     */
    default boolean has(String name) throws IOException {
        return version(Objects.requireNonNull(name, "name")).isPresent();
    }

    /**
     * Returns whether there is an adapter, as far as that is known now, and empty where it has to
     * be found out: this must not wait for another machine.
     *
     * @param name a valid name
     */
    default Optional<Boolean> knows(String name) throws IOException {
        return Optional.of(has(Objects.requireNonNull(name, "name")));
    }

    /**
     * Returns the files of an adapter as they are now; empty if there is no such adapter. Each
     * lease asks, so this must be fast where nothing has changed.
     *
     * @param name a valid name
     */
    Optional<AdapterVersion> version(String name) throws IOException;

    /**
     * Returns when the newest file of an adapter was written, where that is known.
     *
     * @param name a valid name
     */
    default Optional<Instant> changed(String name) throws IOException {
        Objects.requireNonNull(name, "name");
        return Optional.empty();
    }
}
