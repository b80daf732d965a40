package dev.ligature.internal.files;

import dev.ligature.checkpoint.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;

/** The rules for files of a checkpoint: plain names, and nothing outside the directory. */
public final class CheckpointDirectory {
    private CheckpointDirectory() {}

    /**
     * Returns the directory that a checkpoint's files are in: the one given, or its current
     * snapshot if it is a repository's folder in a hub's cache.
     *
     * @throws CheckpointException if there is no such directory
     */
    public static Path find(Path directory) throws IOException {
        Objects.requireNonNull(directory, "directory");
        if (!Files.exists(directory)) {
            throw FileMessage.MISSING.fileError(directory);
        }
        if (!Files.isDirectory(directory)) {
            throw FileMessage.NOT_A_DIRECTORY.fileError(directory);
        }
        return HubCache.snapshot(directory);
    }

    /**
     * Returns a file in a directory.
     *
     * @param directory the directory
     * @param name the file's name, as a file from elsewhere may give it
     * @throws CheckpointException if the name is a path, there is no such file, or it is a link to
     *     one outside the directory, or outside the repository's folder of a hub's cache
     */
    public static Path file(Path directory, String name) throws IOException {
        Path file = newFile(directory, name);
        if (!Files.exists(file)) {
            throw FileMessage.INCOMPLETE.fileError(file);
        }
        Path real = file.toRealPath();
        if (!real.startsWith(HubCache.boundary(directory.toRealPath()))) {
            throw FileMessage.LINK.fileError(file, real);
        }
        return file;
    }

    /**
     * Returns the path of a file in a directory, there or not.
     *
     * @throws CheckpointException if the name is a path
     */
    public static Path newFile(Path directory, String name) throws CheckpointException {
        return FileName.in(directory, name);
    }
}
