package dev.ligature.store;

import dev.ligature.internal.peft.AdapterDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import org.jspecify.annotations.Nullable;

/**
 * What the files of an adapter were when somebody looked. Two of these are equal if nothing was
 * replaced or written in between.
 *
 * @param directory where they are
 * @param config the state of the configuration; null if it is not there
 * @param weights the state of the factors; null if they are not there
 */
record FolderStamp(Path directory, @Nullable State config, @Nullable State weights) {
    static final String CONFIG = "adapter_config.json";

    /**
     * The state of one file.
     *
     * @param key what tells the file from one that takes its place; null where the system has none
     * @param modified when it was written
     * @param size its bytes
     */
    record State(@Nullable Object key, FileTime modified, long size) {}

    static FolderStamp of(Path directory) throws IOException {
        return new FolderStamp(
                directory,
                state(directory.resolve(CONFIG)),
                state(directory.resolve(AdapterDirectory.WEIGHTS)));
    }

    /** Returns about how much memory the factors take: fp32 files are what they become. */
    long weightBytes() {
        return weights == null ? 0 : weights.size();
    }

    private static @Nullable State state(Path file) throws IOException {
        try {
            BasicFileAttributes found = Files.readAttributes(file, BasicFileAttributes.class);
            return new State(found.fileKey(), found.lastModifiedTime(), found.size());
        } catch (NoSuchFileException absent) {
            return null;
        }
    }
}
