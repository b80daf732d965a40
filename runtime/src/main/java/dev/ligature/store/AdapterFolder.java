package dev.ligature.store;

import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.internal.adapter.AdapterName;
import dev.ligature.internal.files.HubCache;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** The adapters of a directory: one folder per adapter, named like it. Thread-safe. */
public final class AdapterFolder implements AdapterSource {
    private final Path root;

    /**
     * Checks that the directory exists.
     *
     * @param root the directory that the folders are in
     * @throws dev.ligature.LoraException if it does not exist ({@code LoraStoreDirectory})
     */
    public AdapterFolder(Path root) {
        Objects.requireNonNull(root, "root");
        if (!Files.isDirectory(root)) {
            throw (Files.exists(root)
                            ? StoreMessage.NOT_A_DIRECTORY
                            : StoreMessage.DIRECTORY_MISSING)
                    .error(root);
        }
        this.root = root;
    }

    /**
     * Reads the state of an adapter's files.
     *
     * @throws CheckpointException if its folder is a link that leaves the directory
     * @throws IOException if the state cannot be read
     */
    @Override
    public Optional<AdapterVersion> version(String name) throws IOException {
        Path directory = root.resolve(Objects.requireNonNull(name, "name"));
        BasicFileAttributes found;
        try {
            found =
                    Files.readAttributes(
                            directory, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        } catch (NoSuchFileException absent) {
            return Optional.empty();
        }
        if (found.isSymbolicLink() && !staysInside(directory)) {
            return Optional.empty();
        }
        if (!found.isDirectory() && !Files.isDirectory(directory)) {
            return Optional.empty();
        }
        return Optional.of(FolderStamp.of(HubCache.snapshot(directory)));
    }

    /** Returns whether a link leads to something; an error if it leads out of the directory. */
    private boolean staysInside(Path link) throws IOException {
        Path real;
        try {
            real = link.toRealPath();
        } catch (NoSuchFileException dangling) {
            return false;
        }
        if (!real.startsWith(root.toRealPath())) {
            throw StoreMessage.LINK.fileError(link, real);
        }
        return true;
    }

    @Override
    public Set<String> names() throws IOException {
        return names(true);
    }

    @Override
    public Set<String> invalidNames() throws IOException {
        return names(false);
    }

    /** Returns the names of the folders that hold an adapter, sorted. */
    private Set<String> names(boolean valid) throws IOException {
        Set<String> names = new TreeSet<>();
        try (Stream<Path> list = Files.list(root)) {
            list.filter(AdapterFolder::isAdapter)
                    .map(folder -> String.valueOf(folder.getFileName()))
                    .filter(name -> AdapterName.isValid(name) == valid)
                    .forEach(names::add);
        }
        return names;
    }

    @Override
    public boolean has(String name) {
        return isAdapter(root.resolve(Objects.requireNonNull(name, "name")));
    }

    @Override
    public Optional<Instant> changed(String name) throws IOException {
        return changed(root.resolve(Objects.requireNonNull(name, "name")));
    }

    /** Returns when the newest file in a folder was written, or the folder if it has none. */
    static Optional<Instant> changed(Path directory) throws IOException {
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

    /** Returns whether a folder holds an adapter. */
    static boolean isAdapter(Path folder) {
        try {
            return Files.exists(HubCache.snapshot(folder).resolve(FolderStamp.CONFIG));
        } catch (IOException noSnapshot) {
            return false; // a lease of it says what is wrong
        }
    }

    /** Returns the directory. */
    @Override
    public String toString() {
        return root.toString();
    }
}
