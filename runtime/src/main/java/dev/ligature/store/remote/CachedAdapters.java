package dev.ligature.store.remote;

import dev.ligature.LoraException;
import dev.ligature.internal.files.Interruption;
import dev.ligature.store.AdapterFiles;
import dev.ligature.store.AdapterSource;
import dev.ligature.store.AdapterVersion;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Adapters from elsewhere with copies on this machine's disk, which outlive the process.
 *
 * <pre>{@code
 * RemoteAdapters remote = HttpAdapters.of(URI.create("https://models.example.com/adapters/"));
 * try (CachedAdapters source =
 *                 CachedAdapters.open(remote, Path.of("cache"), 10L << 30, Duration.ofSeconds(5));
 *         AdapterStore store =
 *                 AdapterStore.open(lora, source, 512L << 20, AdapterLoadOptions.defaults())) {
 *     …
 * }
 * }</pre>
 *
 * <p>An adapter is fetched when it is loaded and there is no copy of its present version. A copy
 * appears when all files are there and have the digests of the manifest; each load checks them
 * again, and a copy that was damaged since is fetched again. The bytes of all files, those being
 * written included, stay within a budget: copies that are not being read are deleted, least
 * recently used first. Adapters in memory need no copy.
 *
 * <p>A lease asks the remote side for the manifest if the last answer is older than {@code
 * recheck}. If that fails, or takes longer than 300 ms, what is known goes on being used: the last
 * manifest, or the copy that was used last; a later answer is for later leases. Of an adapter of
 * which nothing is known, a lease waits up to 30 seconds, and not at all while the remote side
 * leaves everything unanswered. Then there is no adapter that the last list of names is without.
 * What could not be fetched is not tried again within the time {@code recheck}. A fetch that takes
 * longer than its limit is given up.
 *
 * <p>Thread-safe. Several threads that need the same fetch it once. The directory is of one cache
 * of one process.
 */
public final class CachedAdapters implements AdapterSource, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(CachedAdapters.class);

    /** How long the files of an adapter may take to come, unless told otherwise. */
    public static final Duration FETCH_LIMIT = Duration.ofMinutes(15);

    private static final int ATTEMPTS = 3;
    private static final int MOST_FAILURES = 20_000;

    private final RemoteAdapters remote;
    private final CopyFolder copies;
    private final Catalog catalog;
    private final Duration fetchLimit;
    private final LongSupplier nanoTime;
    private final Map<CopyRoom.Key, Failure> failures = new ConcurrentHashMap<>();
    private final SharedCalls<CopyRoom.Key, CopyRoom.Key> fetches = new SharedCalls<>();

    /** A version that could not be fetched; what is too large for all room stays so. */
    private record Failure(IOException error, long nanos, boolean isTooLarge) {}

    CachedAdapters(
            RemoteAdapters remote,
            CopyFolder copies,
            Duration recheck,
            Duration fetchLimit,
            LongSupplier nanoTime,
            Catalog.Patience patience) {
        this.remote = remote;
        this.fetchLimit = fetchLimit;
        this.copies = copies;
        this.catalog = new Catalog(remote, copies, recheck, nanoTime, patience);
        this.nanoTime = nanoTime;
    }

    /**
     * Opens a cache in which an adapter must be fetched within {@link #FETCH_LIMIT}.
     *
     * @param remote where the adapters are
     * @param directory for the copies; made if it does not exist
     * @param budgetBytes the upper limit of the bytes of all files in it
     * @param recheck for how long an answer of the remote side holds; 0 to ask at each lease
     * @throws LoraException as {@link #open(RemoteAdapters, Path, long, Duration, Duration)}
     * @throws IOException if the directory cannot be read or written
     */
    public static CachedAdapters open(
            RemoteAdapters remote, Path directory, long budgetBytes, Duration recheck)
            throws IOException {
        return open(remote, directory, budgetBytes, recheck, FETCH_LIMIT);
    }

    /**
     * Opens a cache; asks the remote side for nothing yet.
     *
     * @param remote where the adapters are
     * @param directory for the copies; made if it does not exist
     * @param budgetBytes the upper limit of the bytes of all files in it
     * @param recheck for how long an answer of the remote side holds; 0 to ask at each lease
     * @param fetchLimit how long all files of an adapter together may take to come; then {@code
     *     SourceUnavailable} is thrown, what has come is deleted, and threads that load adapters
     *     are free again, however slowly bytes come
     * @throws LoraException if the directory is open already, here or in another process, the
     *     budget or the limit is not positive, or the other time is negative ({@code SourceCache})
     * @throws IOException if the directory cannot be read or written
     */
    public static CachedAdapters open(
            RemoteAdapters remote,
            Path directory,
            long budgetBytes,
            Duration recheck,
            Duration fetchLimit)
            throws IOException {
        Objects.requireNonNull(remote, "remote");
        Objects.requireNonNull(directory, "directory");
        Objects.requireNonNull(recheck, "recheck");
        if (recheck.isNegative()) {
            throw RemoteMessage.CACHE_RECHECK.error(recheck);
        }
        Objects.requireNonNull(fetchLimit, "fetchLimit");
        if (fetchLimit.isNegative() || fetchLimit.isZero()) {
            throw RemoteMessage.CACHE_LIMIT.error(fetchLimit);
        }
        return new CachedAdapters(
                remote,
                new CopyFolder(directory, budgetBytes),
                recheck,
                fetchLimit,
                System::nanoTime,
                Catalog.Patience.DEFAULT);
    }

    @Override
    public Set<String> names() throws IOException {
        return catalog.names();
    }

    @Override
    public Set<String> knownNames() throws IOException {
        return catalog.knownNames();
    }

    @Override
    public Optional<Boolean> knows(String name) throws IOException {
        return catalog.knows(Objects.requireNonNull(name, "name"));
    }

    @Override
    public Optional<AdapterVersion> version(String name) throws IOException {
        return catalog.manifest(Objects.requireNonNull(name, "name"))
                .map(
                        manifest -> {
                            Version version = new Version(this, name, manifest);
                            copies.use(version.key());
                            return version;
                        });
    }

    /** Returns the files of a version, fetched where there is no good copy of it. */
    private AdapterFiles open(Version version) throws IOException {
        for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
            fetches.get(version.key(), () -> fetch(version));
            CopyFolder.Reading reading = copies.read(version.key());
            if (reading == null) {
                continue; // another fetch has needed the room
            }
            boolean opened = false;
            try {
                if (isWhole(version, reading.directory())) {
                    opened = true;
                    return new AdapterFiles(reading.directory(), reading::close);
                }
                LOG.warn("{} is damaged, and is fetched again", reading.directory());
                reading.discard();
            } finally {
                if (!opened) {
                    reading.close();
                }
            }
        }
        throw RemoteMessage.COPY_LOST.fileError(version.name(), ATTEMPTS);
    }

    /** Returns whether a copy is as it was fetched; one that cannot be read is not. */
    private static boolean isWhole(Version version, Path directory) throws IOException {
        try {
            return version.manifest().matches(directory);
        } catch (IOException e) {
            if (Interruption.is(e)) {
                throw e;
            }
            LOG.warn("{} cannot be read: {}", directory, e.getMessage());
            return false;
        }
    }

    private CopyRoom.Key fetch(Version version) throws IOException {
        CopyRoom.Key key = version.key();
        if (copies.has(key)) {
            return key; // another thread has just fetched it
        }
        Failure failure = failures.get(key);
        if (failure != null && holds(failure)) {
            throw failure.error();
        }
        try (Download download =
                new Download(remote, copies, key, version.manifest(), fetchLimit)) {
            try {
                download.run();
                failures.remove(key);
                return key;
            } catch (IOException e) {
                if (!Interruption.is(e)) {
                    fail(key, e, download.isTooLarge());
                }
                throw e;
            }
        }
    }

    private void fail(CopyRoom.Key key, IOException e, boolean isTooLarge) {
        catalog.doubt(key.name()); // it may have been replaced meanwhile
        failures.values().removeIf(each -> !holds(each));
        if (failures.size() < MOST_FAILURES) {
            failures.put(key, new Failure(e, nanoTime.getAsLong(), isTooLarge));
        }
    }

    private boolean holds(Failure failure) {
        return failure.isTooLarge() || catalog.isFresh(failure.nanos());
    }

    /** One version of one adapter. Equal ones have the same files. */
    private record Version(CachedAdapters cache, String name, AdapterManifest manifest)
            implements AdapterVersion {
        CopyRoom.Key key() {
            return new CopyRoom.Key(name, manifest.id());
        }

        @Override
        public AdapterFiles open() throws IOException {
            return cache.open(this);
        }
    }

    /** Returns the bytes of all files in the cache, those being written included. */
    public long bytes() {
        return copies.bytes();
    }

    /** Lets another process use the directory; the copies stay there. Close the store first. */
    @Override
    public void close() throws IOException {
        catalog.close();
        copies.close();
    }

    /** Returns the name of the remote side. */
    @Override
    public String toString() {
        return remote.toString();
    }
}
