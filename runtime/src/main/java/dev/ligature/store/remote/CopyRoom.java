package dev.ligature.store.remote;

import dev.ligature.checkpoint.CheckpointException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which copies there are, and the room for their bytes. It says what has to be deleted, which its
 * caller does, as that takes long: the lock is never held meanwhile. Thread-safe.
 */
final class CopyRoom {
    private final Path root;
    private final long budget;

    // All guarded by this.
    private final Map<Key, Copy> copies = new LinkedHashMap<>(); // least recently used first
    private long bytes; // of copies, also of deleted ones that are still read, and of downloads
    private long leaving; // of bytes, those that are being deleted
    private boolean closed;

    /** A version of an adapter. */
    record Key(String name, String id) {}

    /** A copy; its mutable fields are guarded by the room. */
    static final class Copy {
        final Path directory;
        final long bytes;
        private int readers;
        private boolean dropped;

        Copy(Path directory, long bytes) {
            this.directory = directory;
            this.bytes = bytes;
        }
    }

    /**
     * Creates a room without copies.
     *
     * @param root names it in messages
     * @param budget the most bytes
     */
    CopyRoom(Path root, long budget) {
        this.root = root;
        this.budget = budget;
    }

    long budget() {
        return budget;
    }

    synchronized long bytes() {
        return bytes;
    }

    synchronized List<String> names() {
        return copies.keySet().stream().map(Key::name).distinct().toList();
    }

    synchronized boolean has(Key key) {
        return copies.containsKey(key);
    }

    /** Returns the copy of an adapter that was used last; null if there is none. */
    synchronized @Nullable Copy newest(String name) {
        Copy newest = null;
        for (Map.Entry<Key, Copy> entry : copies.entrySet()) {
            newest = entry.getKey().name().equals(name) ? entry.getValue() : newest;
        }
        return newest;
    }

    /** Returns a copy, which is the one that was used last from now on; null if there is none. */
    synchronized @Nullable Copy use(Key key) {
        Copy copy = copies.remove(key);
        if (copy != null) {
            copies.put(key, copy);
        }
        return copy;
    }

    /** Returns a copy as {@link #use} does, with one more reader. */
    synchronized @Nullable Copy read(Key key) {
        checkOpen();
        Copy copy = use(key);
        if (copy != null) {
            copy.readers++;
        }
        return copy;
    }

    /** Ends a reading; returns whether the copy is to be deleted now. */
    synchronized boolean leave(Copy copy) {
        copy.readers--;
        boolean isLast = copy.dropped && copy.readers == 0;
        leaving += isLast ? copy.bytes : 0;
        return isLast;
    }

    /** Takes a copy that is being read away from later readers. */
    synchronized void discard(Key key, Copy copy) {
        copies.remove(key, copy);
        copy.dropped = true;
    }

    /**
     * Adds a copy.
     *
     * @param reserved its bytes, as far as there is room for them already
     * @return what has to be deleted
     */
    synchronized List<Copy> add(Key key, Copy copy, long reserved) {
        List<Copy> dropped = new ArrayList<>();
        bytes += copy.bytes - reserved;
        Copy older = copies.remove(key);
        copies.put(key, copy);
        if (older != null) {
            drop(older, dropped);
        }
        return dropped;
    }

    /** Takes out copies for which the budget is too small; returns what has to be deleted. */
    synchronized List<Copy> shrink() {
        List<Copy> dropped = new ArrayList<>();
        while (bytes - leaving > budget) {
            takeOldest(dropped);
        }
        return dropped;
    }

    /**
     * Makes room, or says what has to be deleted before there is some.
     *
     * @param name the adapter, for messages
     * @param count the bytes
     * @param dropped takes what has to be deleted
     * @return whether the bytes are reserved
     * @throws CheckpointException if others leave no room
     */
    synchronized boolean reserve(String name, long count, List<Copy> dropped) throws IOException {
        checkOpen();
        if (bytes + count <= budget) {
            bytes += count;
            return true;
        }
        if (bytes - leaving - idle() + count > budget) {
            throw RemoteMessage.CACHE_FULL.fileError(name, count, budget, bytes);
        }
        awaitDeletion(count);
        while (bytes - leaving + count > budget) {
            takeOldest(dropped);
        }
        return false;
    }

    /** Waits while others delete as much as is wanted. */
    private void awaitDeletion(long count) throws InterruptedIOException {
        try {
            while (!closed && bytes + count > budget && bytes - leaving + count <= budget) {
                wait();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw (InterruptedIOException)
                    new InterruptedIOException("interrupted while copies are deleted").initCause(e);
        }
    }

    /** Gives bytes back that were reserved. */
    synchronized void release(long count) {
        bytes -= count;
        notifyAll();
    }

    /** Notes that a copy was deleted. */
    synchronized void erased(Copy copy) {
        bytes -= copy.bytes;
        leaving -= copy.bytes;
        notifyAll();
    }

    /** Returns the bytes of copies that nobody reads. */
    private long idle() {
        return copies.values().stream()
                .filter(copy -> copy.readers == 0)
                .mapToLong(copy -> copy.bytes)
                .sum();
    }

    /** Takes the copy out that was used the longest ago, of those that nobody reads. */
    private void takeOldest(List<Copy> dropped) {
        Copy oldest =
                copies.values().stream()
                        .filter(copy -> copy.readers == 0)
                        .findFirst()
                        .orElseThrow();
        copies.values().remove(oldest);
        drop(oldest, dropped);
    }

    private void drop(Copy copy, List<Copy> dropped) {
        copy.dropped = true;
        if (copy.readers == 0) {
            leaving += copy.bytes;
            dropped.add(copy);
        }
    }

    /** Lends and takes nothing from now on. */
    synchronized void close() {
        closed = true;
        notifyAll();
    }

    synchronized void checkOpen() {
        if (closed) {
            throw RemoteMessage.CACHE_CLOSED.state(root);
        }
    }
}
