package dev.ligature.store;

import dev.ligature.UnknownAdapterException;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.internal.adapter.AdapterName;
import dev.ligature.internal.files.HubCache;
import dev.ligature.internal.hint.Nearest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.stream.Stream;

/** The adapters on disk: one folder per adapter, named like it. */
final class AdapterFolder {
    private static final long HINT_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Path root;
    private final LongSupplier nanoTime;
    private final Map<String, Path> elsewhere = new ConcurrentHashMap<>(); // by name
    private Set<String> hints = Set.of(); // guarded by this
    private long hintsUntil; // guarded by this; of System.nanoTime
    private boolean hinted; // guarded by this

    /**
     * Checks that the directory exists.
     *
     * @param root the directory that the folders are in
     */
    AdapterFolder(Path root) {
        this(root, System::nanoTime);
    }

    AdapterFolder(Path root, LongSupplier nanoTime) {
        if (!Files.isDirectory(root)) {
            throw (Files.exists(root)
                            ? StoreMessage.NOT_A_DIRECTORY
                            : StoreMessage.DIRECTORY_MISSING)
                    .error(root);
        }
        this.root = root;
        this.nanoTime = nanoTime;
    }

    Path root() {
        return root;
    }

    /**
     * Reads the state of an adapter's files.
     *
     * @param name its name
     * @throws dev.ligature.LoraException if the name is invalid
     * @throws UnknownAdapterException if there is no such adapter
     * @throws CheckpointException if its folder is a link that leaves the directory
     * @throws IOException if the state cannot be read
     */
    FolderStamp find(String name) throws IOException {
        Path directory = directory(AdapterName.check(name));
        BasicFileAttributes found;
        try {
            found =
                    Files.readAttributes(
                            directory, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        } catch (NoSuchFileException absent) {
            throw unknown(name);
        }
        if (found.isSymbolicLink() && !elsewhere.containsKey(name)) {
            checkLink(name, directory);
        }
        if (!found.isDirectory() && !Files.isDirectory(directory)) {
            throw unknown(name);
        }
        return FolderStamp.of(HubCache.snapshot(directory));
    }

    private void checkLink(String name, Path directory) throws IOException {
        Path real;
        try {
            real = directory.toRealPath();
        } catch (NoSuchFileException dangling) {
            throw unknown(name);
        }
        if (!real.startsWith(root.toRealPath())) {
            throw StoreMessage.LINK.fileError(directory, real);
        }
    }

    private UnknownAdapterException unknown(String name) throws IOException {
        Set<String> known = hints();
        return StoreMessage.UNKNOWN_ADAPTER.unknownAdapter(
                root, name, Nearest.hint(name, known), known.size());
    }

    /** Returns names of at most a second ago: an unknown name must not cost a scan each time. */
    private synchronized Set<String> hints() throws IOException {
        if (!hinted || nanoTime.getAsLong() - hintsUntil > 0) {
            hints = names(true);
            hintsUntil = nanoTime.getAsLong() + HINT_NANOS;
            hinted = true;
        }
        return hints;
    }

    /**
     * Returns the names of the folders that hold an adapter, sorted.
     *
     * @param valid those that are names of adapters, or the others
     */
    Set<String> names(boolean valid) throws IOException {
        Set<String> names = new TreeSet<>();
        try (Stream<Path> list = Files.list(root)) {
            list.filter(AdapterFolder::isAdapter)
                    .map(folder -> String.valueOf(folder.getFileName()))
                    .filter(name -> AdapterName.isValid(name) == valid)
                    .forEach(names::add);
        }
        if (valid) {
            names.addAll(elsewhere.keySet());
        }
        return names;
    }

    /** Returns whether {@link #names} has a name. */
    boolean has(String name) {
        return AdapterName.isValid(name) && isAdapter(directory(name));
    }

    /** Returns the folder of a valid name. */
    private Path directory(String name) {
        return elsewhere.getOrDefault(name, root.resolve(name));
    }

    /** Takes a folder elsewhere for a name; false if the name has one already. */
    boolean add(String name, Path directory) {
        AdapterName.check(name);
        return !Files.exists(root.resolve(name), LinkOption.NOFOLLOW_LINKS)
                && elsewhere.putIfAbsent(name, directory) == null;
    }

    /** Forgets a folder elsewhere; false if there is none of that name. */
    boolean remove(String name) {
        return elsewhere.remove(name) != null;
    }

    /** Returns when an adapter's files were last written. */
    Optional<Instant> changed(String name) throws IOException {
        Path directory = directory(AdapterName.check(name));
        if (!Files.isDirectory(directory)) {
            return Optional.empty();
        }
        Instant newest = Files.getLastModifiedTime(directory).toInstant();
        try (Stream<Path> list = Files.list(HubCache.snapshot(directory))) {
            for (Path file : (Iterable<Path>) list::iterator) {
                Instant time = Files.getLastModifiedTime(file).toInstant();
                newest = time.isAfter(newest) ? time : newest;
            }
        }
        return Optional.of(newest);
    }

    private static boolean isAdapter(Path folder) {
        try {
            return Files.exists(HubCache.snapshot(folder).resolve(FolderStamp.CONFIG));
        } catch (IOException noSnapshot) {
            return false; // a lease of it says what is wrong
        }
    }
}
