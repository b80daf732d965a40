package dev.ligature.internal.files;

import dev.ligature.checkpoint.CheckpointException;
import java.nio.file.Path;

/** Plain names of files. */
final class FileName {
    private FileName() {}

    /** Returns the path of a name in a directory; a name that is a path is an error. */
    static Path in(Path directory, String name) throws CheckpointException {
        if (name.isEmpty()
                || name.equals(".")
                || name.equals("..")
                || name.chars().anyMatch(c -> c == '/' || c == '\\' || c == ':' || c < ' ')) {
            throw FileMessage.PATH.fileError(directory, name);
        }
        return directory.resolve(name);
    }
}
