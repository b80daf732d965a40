package dev.ligature.spark;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.locks.ReentrantLock;

/** A lock that one thread of one process of this machine holds at a time. */
final class MachineLock {
    /** Within a process, as a second lock of a file is an error there. */
    private static final ReentrantLock PROCESS = new ReentrantLock();

    private MachineLock() {}

    /** What is done while the lock is held. */
    @FunctionalInterface
    interface Action {
        void run() throws IOException;
    }

    /**
     * Waits for the lock, and runs an action while it is held.
     *
     * @param file the file that is locked; made where it is missing
     */
    static void hold(Path file, Action action) throws IOException {
        PROCESS.lock();
        try {
            Files.createDirectories(file.getParent());
            try (FileChannel channel =
                    FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
                FileLock lock = channel.lock();
                try {
                    action.run();
                } finally {
                    lock.release();
                }
            }
        } finally {
            PROCESS.unlock();
        }
    }
}
