package dev.ligature.store.remote;

import dev.ligature.LoraException;
import dev.ligature.store.AdapterFiles;
import dev.ligature.store.AdapterSource;
import dev.ligature.store.AdapterVersion;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
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
 * recheck}. If it cannot be reached then, what is known goes on being used: the last manifest, or
 * the copy that was used last. What could not be fetched is not tried again within that time.
 *
 * <p>Thread-safe. Several threads that need the same fetch it once. The directory is of one
 * process.
 */
public final class CachedAdapters implements AdapterSource, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(CachedAdapters.class);
    private static final int MOST_KNOWN = 20_000;
    private static final int ATTEMPTS = 3;

    private final RemoteAdapters remote;
    private final CopyFolder copies;
    private final long recheckNanos;
    private final LongSupplier nanoTime;
    private final Map<String, Known> known = new ConcurrentHashMap<>();
    private final Map<CopyFolder.Key, Failure> failures = new ConcurrentHashMap<>();
    private final SharedCalls<String, Known> questions = new SharedCalls<>();
    private final SharedCalls<CopyFolder.Key, CopyFolder.Key> fetches = new SharedCalls<>();
    private volatile @Nullable Names names;

    /** What the remote side said of an adapter: its manifest, that there is none, or an error. */
    private record Known(
            @Nullable AdapterManifest manifest, @Nullable IOException error, long nanos) {}

    /** A version that could not be fetched. */
    private record Failure(IOException error, long nanos) {}

    /** The names that the remote side gave. */
    private record Names(Set<String> names, long nanos) {}

    CachedAdapters(
            RemoteAdapters remote, CopyFolder copies, Duration recheck, LongSupplier nanoTime) {
        this.remote = remote;
        this.copies = copies;
        this.recheckNanos = recheck.toNanos();
        this.nanoTime = nanoTime;
    }

    /**
     * Opens a cache; asks the remote side for nothing yet.
     *
     * @param remote where the adapters are
     * @param directory for the copies; made if it does not exist
     * @param budgetBytes the upper limit of the bytes of all files in it
     * @param recheck for how long an answer of the remote side holds; 0 to ask at each lease
     * @throws LoraException if another process has the directory open, the budget is not positive
     *     or the time is negative ({@code SourceCache})
     * @throws IOException if the directory cannot be read or written
     */
    public static CachedAdapters open(
            RemoteAdapters remote, Path directory, long budgetBytes, Duration recheck)
            throws IOException {
        Objects.requireNonNull(remote, "remote");
        Objects.requireNonNull(directory, "directory");
        Objects.requireNonNull(recheck, "recheck");
        if (recheck.isNegative()) {
            throw RemoteMessage.CACHE_RECHECK.error(recheck);
        }
        return new CachedAdapters(
                remote, new CopyFolder(directory, budgetBytes), recheck, System::nanoTime);
    }

    @Override
    public Set<String> names() throws IOException {
        Names last = names;
        if (last != null && isFresh(last.nanos())) {
            return last.names();
        }
        try {
            last = new Names(Set.copyOf(remote.names()), nanoTime.getAsLong());
        } catch (IOException e) {
            Set<String> copied = last != null ? last.names() : new TreeSet<>(copies.names());
            if (copied.isEmpty()) {
                throw e;
            }
            LOG.warn(
                    "{} does not tell its adapters, of which {} are known: {}",
                    remote,
                    copied.size(),
                    e.getMessage());
            last = new Names(copied, nanoTime.getAsLong());
        }
        names = last;
        return last.names();
    }

    @Override
    public Optional<AdapterVersion> version(String name) throws IOException {
        Known last = known.get(Objects.requireNonNull(name, "name"));
        if (last == null || !isFresh(last.nanos())) {
            last = questions.get(name, () -> ask(name));
        }
        if (last.error() != null) {
            throw last.error();
        }
        if (last.manifest() == null) {
            return Optional.empty();
        }
        Version version = new Version(this, name, last.manifest());
        copies.use(version.key());
        return Optional.of(version);
    }

    private boolean isFresh(long nanos) {
        return nanoTime.getAsLong() - nanos < recheckNanos;
    }

    /** Asks the remote side, unless another thread has just done so. */
    private Known ask(String name) throws IOException {
        Known last = known.get(name);
        if (last != null && isFresh(last.nanos())) {
            return last;
        }
        Known now;
        try {
            now = new Known(remote.manifest(name).orElse(null), null, nanoTime.getAsLong());
        } catch (InterruptedIOException | ClosedByInterruptException e) {
            throw e; // says nothing of the remote side
        } catch (IOException e) {
            now = withoutAnswer(name, last, e);
        }
        if (known.size() >= MOST_KNOWN) {
            known.values().removeIf(each -> each.manifest() == null);
        }
        known.put(name, now);
        return now;
    }

    private Known withoutAnswer(String name, @Nullable Known last, IOException e)
            throws IOException {
        AdapterManifest manifest = last == null ? null : last.manifest();
        if (manifest == null) {
            manifest = copies.newest(name).orElse(null);
        }
        if (manifest == null) {
            return new Known(null, e, nanoTime.getAsLong());
        }
        LOG.warn(
                "{} does not tell whether adapter {} has changed: {}",
                remote,
                name,
                e.getMessage());
        return new Known(manifest, null, nanoTime.getAsLong());
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
        } catch (InterruptedIOException | ClosedByInterruptException e) {
            throw e;
        } catch (IOException e) {
            LOG.warn("{} cannot be read: {}", directory, e.getMessage());
            return false;
        }
    }

    private CopyFolder.Key fetch(Version version) throws IOException {
        CopyFolder.Key key = version.key();
        if (copies.has(key)) {
            return key; // another thread has just fetched it
        }
        Failure failure = failures.get(key);
        if (failure != null && isFresh(failure.nanos())) {
            throw failure.error();
        }
        try (Download download = new Download(remote, copies, key, version.manifest())) {
            download.run();
            failures.remove(key);
            return key;
        } catch (InterruptedIOException | ClosedByInterruptException e) {
            throw e;
        } catch (IOException e) {
            known.remove(key.name()); // it may have been replaced meanwhile
            failures.values().removeIf(each -> !isFresh(each.nanos()));
            failures.put(key, new Failure(e, nanoTime.getAsLong()));
            throw e;
        }
    }

    /** One version of one adapter. Equal ones have the same files. */
    private record Version(CachedAdapters cache, String name, AdapterManifest manifest)
            implements AdapterVersion {
        CopyFolder.Key key() {
            return new CopyFolder.Key(name, manifest.id());
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
        copies.close();
    }

    /** Returns the name of the remote side. */
    @Override
    public String toString() {
        return remote.toString();
    }
}
