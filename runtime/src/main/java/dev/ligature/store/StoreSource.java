package dev.ligature.store;

import dev.ligature.UnknownAdapterException;
import dev.ligature.internal.adapter.AdapterName;
import dev.ligature.internal.files.HubCache;
import dev.ligature.internal.hint.Nearest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** The adapters of a source, and folders elsewhere that were added to them. Thread-safe. */
final class StoreSource {
    private static final long HINT_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final AdapterSource source;
    private final LongSupplier nanoTime;
    private final Map<String, Path> elsewhere = new ConcurrentHashMap<>(); // by name
    private Set<String> hints = Set.of(); // guarded by this
    private long hintsUntil; // guarded by this; of System.nanoTime
    private boolean hinted; // guarded by this

    StoreSource(AdapterSource source) {
        this(source, System::nanoTime);
    }

    StoreSource(AdapterSource source, LongSupplier nanoTime) {
        this.source = source;
        this.nanoTime = nanoTime;
    }

    /**
     * Returns the files of an adapter as they are now.
     *
     * @param name its name
     * @throws dev.ligature.LoraException if the name is invalid
     * @throws UnknownAdapterException if there is no such adapter
     * @throws IOException if that cannot be told
     */
    AdapterVersion find(String name) throws IOException {
        Path added = elsewhere.get(AdapterName.check(name));
        Optional<? extends AdapterVersion> found =
                added == null ? source.version(name) : version(added);
        if (found.isEmpty()) {
            throw unknown(name);
        }
        return found.get();
    }

    private static Optional<FolderStamp> version(Path added) throws IOException {
        return Files.isDirectory(added)
                ? Optional.of(FolderStamp.of(HubCache.snapshot(added)))
                : Optional.empty();
    }

    private UnknownAdapterException unknown(String name) throws IOException {
        Set<String> known = hints();
        return StoreMessage.UNKNOWN_ADAPTER.unknownAdapter(
                source, name, Nearest.hint(name, known), known.size());
    }

    /** Returns names of at most a second ago: an unknown name must not cost a scan each time. */
    private synchronized Set<String> hints() throws IOException {
        if (!hinted || nanoTime.getAsLong() - hintsUntil > 0) {
            hints = names();
            hintsUntil = nanoTime.getAsLong() + HINT_NANOS;
            hinted = true;
        }
        return hints;
    }

    /** Returns the names of all, sorted. */
    Set<String> names() throws IOException {
        Set<String> names = new TreeSet<>(source.names());
        names.addAll(elsewhere.keySet());
        return names;
    }

    /** Returns what looks like an adapter and has no name that one can have. */
    Set<String> invalidNames() throws IOException {
        return source.invalidNames();
    }

    /** Returns whether {@link #names} has a name; false also where that cannot be told. */
    boolean has(String name) {
        if (!AdapterName.isValid(name)) {
            return false;
        }
        Path added = elsewhere.get(name);
        try {
            return added == null ? source.has(name) : AdapterFolder.isAdapter(added);
        } catch (IOException e) {
            return false; // a lease of it says what is wrong
        }
    }

    /** Takes a folder elsewhere for a name; false if the name has one already. */
    boolean add(String name, Path directory) throws IOException {
        AdapterName.check(name);
        return source.version(name).isEmpty() && elsewhere.putIfAbsent(name, directory) == null;
    }

    /** Forgets a folder elsewhere; false if there is none of that name. */
    boolean remove(String name) {
        return elsewhere.remove(name) != null;
    }

    /** Returns when an adapter's files were last written, where that is known. */
    Optional<Instant> changed(String name) throws IOException {
        Path added = elsewhere.get(AdapterName.check(name));
        return added == null ? source.changed(name) : AdapterFolder.changed(added);
    }

    /** Returns where an adapter is, for messages. */
    String place(String name) {
        Path added = elsewhere.get(name);
        return added == null ? source + "/" + name : added.toString();
    }
}
