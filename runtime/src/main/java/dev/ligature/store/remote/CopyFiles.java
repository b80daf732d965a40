package dev.ligature.store.remote;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Comparator;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Directories of copies, as far as they are files alone. */
final class CopyFiles {
    private static final Logger LOG = LoggerFactory.getLogger(CopyFiles.class);

    private CopyFiles() {}

    /** Deletes a directory with its files, as far as that is possible. */
    static void delete(Path directory) {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            LOG.warn("{} cannot be deleted", directory, e);
        }
    }

    /** Returns the bytes of the files in a directory. */
    static long size(Path directory) throws IOException {
        long size = 0;
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                size += Files.size(file);
            }
        }
        return size;
    }

    /** Returns when a directory was marked as used. */
    static FileTime used(Path directory) {
        try {
            return Files.getLastModifiedTime(directory);
        } catch (IOException e) {
            return FileTime.fromMillis(0);
        }
    }

    /** Marks a directory as used now. */
    static void touch(Path directory) throws IOException {
        Files.setLastModifiedTime(directory, FileTime.fromMillis(System.currentTimeMillis()));
    }
}
