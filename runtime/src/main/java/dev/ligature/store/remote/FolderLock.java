package dev.ligature.store.remote;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Keeps a folder of copies to one process, and to one cache in it. The system gives up a lock of a
 * file as soon as any channel of the process to that file is closed, so a folder that is open here
 * must not be opened again to find that out.
 */
final class FolderLock implements AutoCloseable {
    private static final String NAME = ".lock";
    private static final Set<Path> OPEN = ConcurrentHashMap.newKeySet(); // real paths

    private final Path folder;
    private final FileChannel file;

    private FolderLock(Path folder, FileChannel file) {
        this.folder = folder;
        this.file = file;
    }

    /**
     * Locks a folder.
     *
     * @throws dev.ligature.LoraException if it is locked already
     */
    static FolderLock of(Path root) throws IOException {
        Path folder = root.toRealPath();
        if (!OPEN.add(folder)) {
            throw RemoteMessage.CACHE_OPEN.error(root);
        }
        boolean locked = false;
        try {
            FileChannel file =
                    FileChannel.open(
                            folder.resolve(NAME),
                            StandardOpenOption.CREATE,
                            StandardOpenOption.WRITE);
            locked = lock(file, root);
            if (!locked) {
                file.close();
                throw RemoteMessage.CACHE_IN_USE.error(root);
            }
            return new FolderLock(folder, file);
        } finally {
            if (!locked) {
                OPEN.remove(folder);
            }
        }
    }

    private static boolean lock(FileChannel file, Path root) throws IOException {
        try {
            return file.tryLock() != null;
        } catch (OverlappingFileLockException ofAnotherLoader) {
            // The channel stays open, or the lock would be given up that somebody relies on.
            throw (RuntimeException)
                    RemoteMessage.CACHE_OPEN.error(root).initCause(ofAnotherLoader);
        }
    }

    @Override
    public void close() throws IOException {
        try {
            file.close();
        } finally {
            OPEN.remove(folder);
        }
    }
}
