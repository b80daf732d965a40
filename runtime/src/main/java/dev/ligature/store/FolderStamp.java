package dev.ligature.store;

import dev.ligature.internal.peft.AdapterDirectory;
import dev.ligature.internal.peft.MlxAdapter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import org.jspecify.annotations.Nullable;

/**
 * The state of an adapter's files at one moment. Two stamps are equal if no file was replaced or
 * written in between.
 *
 * @param directory the adapter's folder
 * @param config the state of the configuration; null if there is no such file
 * @param weights the state of the factors; null if there is no such file
 */
record FolderStamp(Path directory, @Nullable State config, @Nullable State weights)
        implements AdapterVersion {
    static final String CONFIG = "adapter_config.json";

    /**
     * The state of one file.
     *
     * @param key identifies the file, as opposed to its path; null where the system has no such key
     * @param modified when it was last written
     * @param size its bytes
     */
    record State(@Nullable Object key, FileTime modified, long size) {}

    /** Returns the folder itself: a store compares its state before and after it is read. */
    @Override
    public AdapterFiles open() {
        return new AdapterFiles(directory, () -> {});
    }

    static FolderStamp of(Path directory) throws IOException {
        State weights = state(directory.resolve(AdapterDirectory.WEIGHTS));
        return new FolderStamp(
                directory,
                state(directory.resolve(CONFIG)),
                weights != null ? weights : state(directory.resolve(MlxAdapter.WEIGHTS)));
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
