package dev.ligature.store.remote;

import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import java.util.Set;

/**
 * Adapters on another machine: to be implemented for an object store, by the client that the
 * application has for it. {@link HttpAdapters} is the one for HTTP. {@link CachedAdapters} checks
 * what this returns, retries, and keeps copies. Thread-safe. {@code toString} names it in messages.
 * A call of {@link #names} or {@link #manifest} that takes longer than 30 seconds is interrupted.
 */
public interface RemoteAdapters {
    /** Returns the names of the adapters. */
    Set<String> names() throws IOException;

    /**
     * Returns what an adapter consists of now; empty if there is no such adapter. Called again and
     * again, to see whether it has changed.
     *
     * @param name a valid name of an adapter
     */
    Optional<AdapterManifest> manifest(String name) throws IOException;

    /**
     * Opens a file of an adapter. The bytes may be of a newer version than the manifest: their
     * digest tells.
     *
     * @param name the adapter
     * @param file a file of its manifest
     * @return the bytes, which the caller closes, from another thread where they come too slowly. A
     *     read that takes too long must throw, and so must one of a stream that was closed. A
     *     {@link SizedStream} where their number is known: what the cache has no room for is
     *     refused then before other copies are deleted
     */
    InputStream open(String name, String file) throws IOException;
}
