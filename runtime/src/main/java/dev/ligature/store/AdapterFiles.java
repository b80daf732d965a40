package dev.ligature.store;

import java.nio.file.Path;
import java.util.Objects;

/**
 * A directory with the files of one adapter, which stay there until this is closed.
 *
 * @param directory has {@code adapter_config.json} and the weights
 * @param release ends the use of the directory; called once for each close
 */
public record AdapterFiles(Path directory, Runnable release) implements AutoCloseable {
    /** Checks the values. */
    public AdapterFiles {
        Objects.requireNonNull(directory, "directory");
        Objects.requireNonNull(release, "release");
    }

    @Override
    public void close() {
        release.run();
    }
}
