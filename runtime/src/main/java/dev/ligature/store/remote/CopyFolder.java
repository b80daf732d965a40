package dev.ligature.store.remote;

import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.internal.files.StagedFile;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Copies of adapters on disk, within a budget of bytes: what nobody reads is deleted, least
 * recently used first. A copy has its name when it is whole. Of one process at a time; thread-safe.
 */
final class CopyFolder implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(CopyFolder.class);
    private static final String LOCK = ".lock";
    private static final String PARTIAL = ".partial-";

    private final Path root;
    private final long budget;
    private final FileChannel lockFile;

    // All guarded by this.
    private final LinkedHashMap<Key, Copy> copies =
            new LinkedHashMap<>(16, 0.75f, true); // least recently used first
    private long bytes; // of copies, also of deleted ones that are still read, and of downloads
    private boolean closed;

    /** A version of an adapter. */
    record Key(String name, String id) {}

    /** A copy; its fields are guarded by the folder. */
    private static final class Copy {
        final Path directory;
        final long bytes;
        int readers;
        boolean dropped;

        Copy(Path directory, long bytes) {
            this.directory = directory;
            this.bytes = bytes;
        }
    }

    /**
     * Opens a folder with the copies that another process has left, and deletes what it has not
     * finished.
     *
     * @throws dev.ligature.LoraException if the budget is not positive, or another process has it
     *     open
     */
    CopyFolder(Path root, long budget) throws IOException {
        if (budget <= 0) {
            throw RemoteMessage.CACHE_BUDGET.error(budget);
        }
        this.root = root;
        this.budget = budget;
        Files.createDirectories(root);
        lockFile =
                FileChannel.open(
                        root.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            lock();
            find();
        } catch (IOException | RuntimeException | Error e) {
            lockFile.close();
            throw e;
        }
    }

    private void lock() throws IOException {
        FileLock lock;
        try {
            lock = lockFile.tryLock();
        } catch (OverlappingFileLockException thisProcess) {
            lock = null;
        }
        if (lock == null) {
            throw RemoteMessage.CACHE_IN_USE.error(root);
        }
    }

    private synchronized void find() throws IOException {
        List<Path> found;
        try (Stream<Path> list = Files.list(root)) {
            found = list.filter(Files::isDirectory).toList();
        }
        List<Path> whole = new ArrayList<>();
        for (Path directory : found) {
            if (StagedFile.name(directory).startsWith(PARTIAL)) {
                CopyFiles.delete(directory);
            } else if (key(directory) != null) {
                whole.add(directory);
            }
        }
        whole.sort(Comparator.comparing(CopyFiles::used));
        for (Path directory : whole) {
            Copy copy = new Copy(directory, CopyFiles.size(directory));
            Copy older = copies.put(key(directory), copy);
            bytes += copy.bytes;
            if (older != null) {
                drop(older);
            }
        }
        evict(0);
    }

    /** Returns which copy a directory is; null if none. */
    private static @Nullable Key key(Path directory) {
        String[] parts = StagedFile.name(directory).split("[@+]", -1);
        return parts.length == 3 ? new Key(parts[0], parts[1]) : null;
    }

    /** Returns the manifest of the copy of an adapter that was used last, if there is one. */
    synchronized Optional<AdapterManifest> newest(String name) throws IOException {
        Copy newest = null;
        for (Map.Entry<Key, Copy> entry : copies.entrySet()) {
            newest = entry.getKey().name().equals(name) ? entry.getValue() : newest;
        }
        if (newest == null) {
            return Optional.empty();
        }
        Path file = newest.directory.resolve(AdapterManifest.FILE_NAME);
        return Optional.of(AdapterManifest.parse(Files.readString(file), file.toString()));
    }

    /** Returns the names of the adapters that there are copies of. */
    synchronized List<String> names() {
        return copies.keySet().stream().map(Key::name).distinct().toList();
    }

    /** Returns the bytes of all files. */
    synchronized long bytes() {
        return bytes;
    }

    /** A directory that stays there until this is closed. */
    final class Reading {
        private final Key key;
        private final Copy copy;

        private Reading(Key key, Copy copy) {
            this.key = key;
            this.copy = copy;
        }

        Path directory() {
            return copy.directory;
        }

        /** Ends the reading. */
        void close() {
            synchronized (CopyFolder.this) {
                copy.readers--;
                if (copy.dropped && copy.readers == 0) {
                    erase(copy);
                }
            }
        }

        /** Takes the copy, which is damaged, away from later readers. */
        void discard() {
            synchronized (CopyFolder.this) {
                if (!copy.dropped) {
                    copies.remove(key, copy);
                    drop(copy);
                }
            }
        }
    }

    /** Returns a copy, to be closed; null if there is none. */
    synchronized @Nullable Reading read(Key key) throws IOException {
        checkOpen();
        Copy copy = copies.get(key);
        if (copy == null) {
            return null;
        }
        try {
            CopyFiles.touch(copy.directory);
        } catch (IOException e) {
            LOG.warn("{} could not be marked as used: {}", copy.directory, e.getMessage());
        }
        copy.readers++;
        return new Reading(key, copy);
    }

    /** Returns whether there is a copy. */
    synchronized boolean has(Key key) {
        return copies.containsKey(key);
    }

    /** Marks a copy as used, so that others are deleted before it. */
    synchronized void use(Key key) {
        copies.get(key);
    }

    /** A copy that is being made. */
    final class Partial implements AutoCloseable {
        private final Key key;
        private final Path directory;
        private long reserved;
        private boolean done;

        private Partial(Key key, Path directory) {
            this.key = key;
            this.directory = directory;
        }

        Path directory() {
            return directory;
        }

        /**
         * Makes room for bytes that will be written.
         *
         * @throws CheckpointException if there is none
         */
        void reserve(long count) throws CheckpointException {
            synchronized (CopyFolder.this) {
                checkOpen();
                if (!evict(count)) {
                    throw RemoteMessage.CACHE_FULL.fileError(key.name(), count, budget, bytes);
                }
                bytes += count;
                reserved += count;
            }
        }

        /** Gives the copy its name, by which it is found from now on. */
        void finish() throws IOException {
            StagedFile.syncDirectory(directory);
            synchronized (CopyFolder.this) {
                checkOpen();
                Path target = root.resolve(key.name() + "@" + key.id() + "+" + random());
                Files.move(directory, target, StandardCopyOption.ATOMIC_MOVE);
                StagedFile.syncDirectory(root);
                done = true;
                Copy copy = new Copy(target, reserved);
                Copy older = copies.put(key, copy);
                if (older != null) {
                    drop(older);
                }
            }
        }

        /** Deletes what was written, if it was not finished. */
        @Override
        public void close() {
            if (!done) {
                CopyFiles.delete(directory);
                synchronized (CopyFolder.this) {
                    bytes -= reserved;
                }
            }
        }
    }

    /** Begins a copy. */
    Partial begin(Key key) throws IOException {
        return new Partial(key, Files.createDirectory(root.resolve(PARTIAL + random())));
    }

    /**
     * Deletes copies that nobody reads until so many bytes are free; false if there are too few.
     */
    private boolean evict(long wanted) {
        while (bytes + wanted > budget) {
            Copy oldest =
                    copies.values().stream()
                            .filter(copy -> copy.readers == 0)
                            .findFirst()
                            .orElse(null);
            if (oldest == null) {
                return false;
            }
            copies.values().remove(oldest);
            drop(oldest);
        }
        return true;
    }

    private void drop(Copy copy) {
        copy.dropped = true;
        if (copy.readers == 0) {
            erase(copy);
        }
    }

    private void erase(Copy copy) {
        bytes -= copy.bytes;
        // Under another name first, so that what is half deleted is no copy after a crash.
        Path away = root.resolve(PARTIAL + random());
        try {
            Files.move(copy.directory, away, StandardCopyOption.ATOMIC_MOVE);
            CopyFiles.delete(away);
        } catch (IOException e) {
            LOG.warn("{} cannot be deleted", copy.directory, e);
        }
    }

    private static String random() {
        return UUID.randomUUID().toString();
    }

    private void checkOpen() {
        if (closed) {
            throw RemoteMessage.CACHE_CLOSED.state(root);
        }
    }

    /** Lets another process use the folder; the copies stay. */
    @Override
    public void close() throws IOException {
        synchronized (this) {
            closed = true;
        }
        lockFile.close();
    }
}
