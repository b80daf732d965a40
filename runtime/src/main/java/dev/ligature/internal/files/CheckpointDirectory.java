package dev.ligature.internal.files;

import dev.ligature.checkpoint.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The rules for files of a checkpoint: plain names, and nothing outside the directory. */
public final class CheckpointDirectory {
    private CheckpointDirectory() {}

    /** Checks that a directory is one. */
    public static void check(Path directory) throws CheckpointException {
        if (!Files.exists(directory)) {
            throw new CheckpointException(
                    "CheckpointMissing",
                    directory + " does not exist. Check the path, or get the checkpoint.");
        }
        if (!Files.isDirectory(directory)) {
            throw new CheckpointException(
                    "CheckpointMissing",
                    directory + " is a file, not a directory. Name the directory it is in.");
        }
    }

    /**
     * Returns a file in a directory.
     *
     * @param directory the directory
     * @param name the file's name, as a file from elsewhere may give it
     * @throws CheckpointException if the name is a path, there is no such file, or it is a link to
     *     one outside the directory
     */
    public static Path file(Path directory, String name) throws IOException {
        Path file = newFile(directory, name);
        if (!Files.exists(file)) {
            throw new CheckpointException(
                    "CheckpointMissing",
                    file + " does not exist. The checkpoint is not complete: get it again.");
        }
        Path real = file.toRealPath();
        if (!real.startsWith(directory.toRealPath())) {
            throw new CheckpointException(
                    "CheckpointLink",
                    file
                            + " is a link to "
                            + real
                            + ", outside the directory. Copy the files to one directory"
                            + " (cp -rL).");
        }
        return file;
    }

    /**
     * Returns the path of a file in a directory, there or not.
     *
     * @throws CheckpointException if the name is a path
     */
    public static Path newFile(Path directory, String name) throws CheckpointException {
        if (name.isEmpty()
                || name.equals(".")
                || name.equals("..")
                || name.chars().anyMatch(c -> c == '/' || c == '\\' || c == ':' || c < ' ')) {
            throw new CheckpointException(
                    "CheckpointPath",
                    directory
                            + " names the file '"
                            + name
                            + "', which is not a plain file name. Files of a checkpoint must be"
                            + " in its directory: move it there, and name it without a path.");
        }
        return directory.resolve(name);
    }
}
