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
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** The adapters of a source, and folders elsewhere that were added to them. Thread-safe. */
final class StoreSource {
    private static final long HINT_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final AdapterSource source;
    private final LongSupplier nanoTime;
    private final Map<String, Path> elsewhere = new ConcurrentHashMap<>(); // by name
    private final AtomicBoolean listing = new AtomicBoolean();
    private volatile @Nullable Hints hints;

    /** Names for messages, until a time of {@link #nanoTime}. */
    private record Hints(Set<String> names, long until) {}

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

    private UnknownAdapterException unknown(String name) {
        Hints known = hints();
        return known == null
                ? StoreMessage.UNKNOWN_ADAPTER_UNLISTED.unknownAdapter(source, name)
                : StoreMessage.UNKNOWN_ADAPTER.unknownAdapter(
                        source, name, Nearest.hint(name, known.names()), known.names().size());
    }

    /**
     * Returns names of at most a second ago: an unknown name must not cost a scan each time. One
     * thread makes the list, for which no other waits; null while there is none.
     */
    private @Nullable Hints hints() {
        Hints last = hints;
        boolean isOld = last == null || nanoTime.getAsLong() - last.until() > 0;
        if (isOld && listing.compareAndSet(false, true)) {
            try {
                last = new Hints(knownNames(), nanoTime.getAsLong() + HINT_NANOS);
                hints = last;
            } catch (IOException e) {
                return last; // the error is that there is no such adapter
            } finally {
                listing.set(false);
            }
        }
        return last;
    }

    /** Returns the names of all, sorted. */
    Set<String> names() throws IOException {
        return withElsewhere(source.names());
    }

    /** Returns the names of all that are known at once, sorted. */
    Set<String> knownNames() throws IOException {
        return withElsewhere(source.knownNames());
    }

    private Set<String> withElsewhere(Set<String> ofSource) {
        Set<String> names = new TreeSet<>(ofSource);
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

    /** Returns whether {@link #names} has a name, where that is known at once. */
    Optional<Boolean> knows(String name) {
        if (!AdapterName.isValid(name)) {
            return Optional.of(false);
        }
        Path added = elsewhere.get(name);
        try {
            return added == null ? source.knows(name) : Optional.of(AdapterFolder.isAdapter(added));
        } catch (IOException e) {
            return Optional.of(false); // a lease of it says what is wrong
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
