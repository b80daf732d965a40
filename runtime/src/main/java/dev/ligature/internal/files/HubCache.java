package dev.ligature.internal.files;

import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.internal.names.NameList;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The layout in which the Hugging Face hub's clients keep what they download: a folder per
 * repository, in which {@code snapshots/COMMIT} has links to the files in {@code blobs}, and {@code
 * refs/main} is the name of the current commit.
 */
public final class HubCache {
    private static final String SNAPSHOTS = "snapshots";
    private static final String BLOBS = "blobs";
    private static final String PREFIX = "models--";
    private static final String MAIN = "refs/main";

    private HubCache() {}

    /**
     * Returns the directory of the files: the current snapshot if a repository's folder is given,
     * else the directory itself.
     *
     * @throws CheckpointException if the folder has no snapshot, or does not say which is current
     */
    public static Path snapshot(Path directory) throws IOException {
        Path snapshots = directory.resolve(SNAPSHOTS);
        if (!Files.isDirectory(snapshots)
                || Files.exists(directory.resolve("config.json"))
                || Files.exists(directory.resolve("adapter_config.json"))) {
            return directory;
        }
        Path main = directory.resolve(MAIN);
        if (Files.isRegularFile(main)) {
            String commit = Files.readString(main).strip();
            Path current = FileName.in(snapshots, commit);
            if (!Files.isDirectory(current)) {
                throw FileMessage.SNAPSHOT_MISSING.fileError(main, commit, snapshots);
            }
            return current;
        }
        List<Path> all;
        try (Stream<Path> list = Files.list(snapshots)) {
            all = list.filter(Files::isDirectory).sorted().toList();
        }
        if (all.size() != 1) {
            String names = NameList.list(all.stream().map(StagedFile::name).toList());
            throw (all.isEmpty() ? FileMessage.SNAPSHOTS_NONE : FileMessage.SNAPSHOTS_MANY)
                    .fileError(directory, main, names);
        }
        return all.get(0);
    }

    /**
     * Returns the directory that links of a directory may not leave: the repository's folder if the
     * directory is in a snapshot, else the directory itself.
     *
     * @param real the directory, without links in its path
     */
    static Path boundary(Path real) {
        return repository(real)
                .filter(folder -> Files.isDirectory(folder.resolve(BLOBS)))
                .orElse(real);
    }

    /**
     * Returns the id of the repository that a directory is of, such as {@code org/model}; empty if
     * the directory is not in such a cache.
     */
    public static Optional<String> repositoryId(Path directory) {
        Path absolute = directory.toAbsolutePath().normalize();
        return Optional.of(repository(absolute).orElse(absolute))
                .filter(folder -> Files.isDirectory(folder.resolve(SNAPSHOTS)))
                .map(StagedFile::name)
                .filter(name -> name.startsWith(PREFIX))
                .map(name -> name.substring(PREFIX.length()).replace("--", "/"));
    }

    private static Optional<Path> repository(Path directory) {
        for (Path at = directory; at != null && at.getParent() != null; at = at.getParent()) {
            if (StagedFile.name(at).equals(SNAPSHOTS)) {
                return Optional.of(at.getParent());
            }
        }
        return Optional.empty();
    }
}
