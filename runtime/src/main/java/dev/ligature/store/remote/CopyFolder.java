package dev.ligature.store.remote;

import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.internal.files.StagedFile;
import dev.ligature.store.remote.CopyRoom.Copy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
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
    private static final String PARTIAL = ".partial-";

    private final Path root;
    private final FolderLock lock;
    private final CopyRoom room;

    /**
     * Opens a folder with the copies that another process has left, and deletes what it has not
     * finished.
     *
     * @throws dev.ligature.LoraException if the budget is not positive, or it is open already
     */
    CopyFolder(Path root, long budget) throws IOException {
        if (budget <= 0) {
            throw RemoteMessage.CACHE_BUDGET.error(budget);
        }
        this.root = root;
        this.room = new CopyRoom(root, budget);
        Files.createDirectories(root);
        lock = FolderLock.of(root);
        try {
            find();
        } catch (IOException | RuntimeException | Error e) {
            lock.close();
            throw e;
        }
    }

    private void find() throws IOException {
        List<Path> found;
        try (Stream<Path> list = Files.list(root)) {
            found = list.filter(Files::isDirectory).toList();
        }
        List<Path> whole = new ArrayList<>();
        for (Path directory : found) {
            if (StagedFile.name(directory).startsWith(PARTIAL)) {
                CopyFiles.delete(directory);
            } else if (key(directory).isPresent()) {
                whole.add(directory);
            }
        }
        whole.sort(Comparator.comparing(CopyFiles::used));
        for (Path directory : whole) {
            Copy copy = new Copy(directory, CopyFiles.size(directory));
            room.add(key(directory).orElseThrow(), copy, 0).forEach(this::erase);
        }
        room.shrink().forEach(this::erase);
    }

    /** Returns which copy a directory is, if it is one. */
    private static Optional<CopyRoom.Key> key(Path directory) {
        String[] parts = StagedFile.name(directory).split("[@+]", -1);
        return parts.length == 3
                ? Optional.of(new CopyRoom.Key(parts[0], parts[1]))
                : Optional.empty();
    }

    /** Returns the manifest of the copy of an adapter that was used last, if there is one. */
    Optional<AdapterManifest> newest(String name) {
        Copy newest = room.newest(name);
        if (newest == null) {
            return Optional.empty();
        }
        Path file = newest.directory.resolve(AdapterManifest.FILE_NAME);
        try {
            return Optional.of(AdapterManifest.parse(Files.readString(file), file.toString()));
        } catch (IOException e) {
            LOG.warn("{} cannot be read: {}", file, e.getMessage());
            return Optional.empty();
        }
    }

    /** Returns the names of the adapters that there are copies of. */
    List<String> names() {
        return room.names();
    }

    /** Returns the bytes of all files. */
    long bytes() {
        return room.bytes();
    }

    /** A directory that stays there until this is closed. */
    final class Reading {
        private final CopyRoom.Key key;
        private final Copy copy;

        private Reading(CopyRoom.Key key, Copy copy) {
            this.key = key;
            this.copy = copy;
        }

        Path directory() {
            return copy.directory;
        }

        /** Ends the reading. */
        void close() {
            if (room.leave(copy)) {
                erase(copy);
            }
        }

        /** Takes the copy, which is damaged, away from later readers. */
        void discard() {
            room.discard(key, copy);
        }
    }

    /** Returns a copy, to be closed; null if there is none. */
    @Nullable Reading read(CopyRoom.Key key) {
        Copy copy = room.read(key);
        if (copy == null) {
            return null;
        }
        try {
            CopyFiles.touch(copy.directory);
        } catch (IOException e) {
            LOG.warn("{} could not be marked as used: {}", copy.directory, e.getMessage());
        }
        return new Reading(key, copy);
    }

    /** Returns whether there is a copy. */
    boolean has(CopyRoom.Key key) {
        return room.has(key);
    }

    /** Marks a copy as used, so that others are deleted before it. */
    void use(CopyRoom.Key key) {
        room.use(key);
    }

    /**
     * Checks that it was not closed.
     *
     * @throws dev.ligature.LoraStateException if it was
     */
    void checkOpen() {
        room.checkOpen();
    }

    /** A copy that is being made, by one thread. */
    final class Partial implements AutoCloseable {
        private final CopyRoom.Key key;
        private final Path directory;
        private long reserved;
        private boolean tooLarge;
        private boolean done;

        private Partial(CopyRoom.Key key, Path directory) {
            this.key = key;
            this.directory = directory;
        }

        Path directory() {
            return directory;
        }

        /**
         * Refuses bytes that would not fit even if there was no other copy; none is deleted then.
         *
         * @param count how many more will be written
         * @throws CheckpointException if they are too many
         */
        void expect(long count) throws CheckpointException {
            if (reserved + count > room.budget()) {
                tooLarge = true;
                throw RemoteMessage.CACHE_SMALL.fileError(
                        key.name(), reserved + count, room.budget());
            }
        }

        /** Returns whether it was refused because it never fits. */
        boolean isTooLarge() {
            return tooLarge;
        }

        /**
         * Makes room for bytes that will be written.
         *
         * @throws CheckpointException if there is none
         */
        void reserve(long count) throws IOException {
            expect(count);
            boolean isReserved;
            do {
                List<Copy> dropped = new ArrayList<>();
                isReserved = room.reserve(key.name(), count, dropped);
                dropped.forEach(CopyFolder.this::erase);
            } while (!isReserved);
            reserved += count;
        }

        /** Gives the copy its name, by which it is found from now on. */
        void finish() throws IOException {
            StagedFile.syncDirectory(directory);
            Path target = root.resolve(key.name() + "@" + key.id() + "+" + random());
            synchronized (room) { // or it would come into a folder that another process has
                room.checkOpen();
                Files.move(directory, target, StandardCopyOption.ATOMIC_MOVE);
            }
            done = true;
            StagedFile.syncDirectory(root);
            room.add(key, new Copy(target, reserved), reserved).forEach(CopyFolder.this::erase);
        }

        /** Deletes what was written, if it was not finished. */
        @Override
        public void close() {
            if (!done) {
                CopyFiles.delete(directory);
                room.release(reserved);
            }
        }
    }

    /** Begins a copy. */
    Partial begin(CopyRoom.Key key) throws IOException {
        return new Partial(key, Files.createDirectory(root.resolve(PARTIAL + random())));
    }

    /** Deletes a copy that was taken out. */
    private void erase(Copy copy) {
        // Under another name first, so that what is half deleted is no copy after a crash.
        Path away = root.resolve(PARTIAL + random());
        try {
            Files.move(copy.directory, away, StandardCopyOption.ATOMIC_MOVE);
            CopyFiles.delete(away);
        } catch (IOException e) {
            LOG.warn("{} cannot be deleted", copy.directory, e);
        }
        room.erased(copy);
    }

    private static String random() {
        return UUID.randomUUID().toString();
    }

    /** Lets another process use the folder; the copies stay. */
    @Override
    public void close() throws IOException {
        room.close();
        lock.close();
    }
}
