package dev.ligature.spark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.RemoteIterator;
import org.jspecify.annotations.Nullable;

/**
 * Folders of Hadoop file systems, copied to this machine once, whatever the number of its
 * processes. A copy has its name when it is whole.
 */
final class RemoteFiles {
    private static final int ATTEMPTS = 3;
    private static final Pattern ADAPTER = Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9._-]*");
    private static final String STAMPS = ".stamps";

    private final Path cache;
    private final Map<String, String> settings;

    /**
     * Creates it; touches no file.
     *
     * @param cache the folder for the copies; null for one in the machine's temporary folder
     * @param settings the settings of Hadoop's file systems
     */
    RemoteFiles(@Nullable String cache, Map<String, String> settings) {
        this.cache =
                cache != null
                        ? Path.of(cache)
                        : Path.of(
                                System.getProperty("java.io.tmpdir"),
                                "ligature-" + System.getProperty("user.name"));
        this.settings = settings;
    }

    /** A folder as it was when its files were listed. */
    private record Listing(
            FileSystem system, org.apache.hadoop.fs.Path root, List<FileStatus> files) {
        String relative(FileStatus file) {
            return root.toUri().relativize(file.getPath().toUri()).getPath();
        }

        String stamp() {
            return FolderStamp.of(
                    files.stream()
                            .map(
                                    file ->
                                            FolderStamp.line(
                                                    relative(file),
                                                    file.getLen(),
                                                    file.getModificationTime()))
                            .toList());
        }
    }

    /**
     * Returns a copy of a folder as it is now.
     *
     * @throws dev.ligature.LoraException if there is none
     */
    Path copy(String folder) throws IOException {
        Listing listing = list(folder);
        if (listing == null) {
            throw SparkMessage.NOT_FOUND.error("folder " + folder, "its file system");
        }
        String name = listing.root().getName();
        Path copy = cache.resolve(name + "-" + FolderStamp.of(List.of(folder, listing.stamp())));
        if (!Files.isDirectory(copy)) {
            MachineLock.hold(
                    cache.resolve(".lock"),
                    () -> {
                        if (!Files.isDirectory(copy)) {
                            move(fetch(folder), copy);
                        }
                    });
        }
        return copy;
    }

    /** Returns the folder of this machine for the adapters of a remote folder. */
    Path adapters(String folder) throws IOException {
        Path root = cache.resolve("adapters-" + FolderStamp.of(List.of(folder)));
        Files.createDirectories(root.resolve(STAMPS));
        return root;
    }

    /**
     * Makes the copy of one adapter equal to what the remote folder has: new, the same, or gone.
     *
     * @param folder the remote folder
     * @param name the adapter's name; nothing is done for one that an adapter cannot have
     */
    void refresh(String folder, String name) throws IOException {
        if (!ADAPTER.matcher(name).matches()) {
            return;
        }
        Path root = adapters(folder);
        Path copy = root.resolve(name);
        Path stamp = root.resolve(STAMPS).resolve(name);
        Listing listing = list(folder + "/" + name);
        String now = listing == null ? "" : listing.stamp();
        if (now.equals(read(stamp)) && Files.isDirectory(copy) == (listing != null)) {
            return;
        }
        MachineLock.hold(
                root.resolve(STAMPS).resolve(".lock"),
                () -> {
                    if (!now.equals(read(stamp)) || Files.isDirectory(copy) != (listing != null)) {
                        replace(copy, listing == null ? null : fetch(folder + "/" + name));
                        Files.writeString(stamp, now);
                    }
                });
    }

    /** Puts a folder in the place of another one. */
    private void replace(Path copy, @Nullable Path by) throws IOException {
        if (Files.isDirectory(copy)) {
            Path old = staging();
            move(copy, old);
            delete(old);
        }
        if (by != null) {
            move(by, copy);
        }
    }

    private static String read(Path stamp) throws IOException {
        return Files.isRegularFile(stamp) ? Files.readString(stamp) : "";
    }

    /** Copies a folder to a new one, again if it changes meanwhile. */
    private Path fetch(String folder) throws IOException {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            Listing before = list(folder);
            if (before != null) {
                Path staging = staging();
                try {
                    for (FileStatus file : before.files()) {
                        Path target = staging.resolve(before.relative(file));
                        Files.createDirectories(target.getParent());
                        try (var in = before.system().open(file.getPath())) {
                            Files.copy(in, target);
                        }
                    }
                    Listing after = list(folder);
                    if (after != null && after.stamp().equals(before.stamp())) {
                        return staging;
                    }
                } catch (IOException e) {
                    delete(staging);
                    throw e;
                }
                delete(staging);
            }
        }
        throw SparkMessage.NOT_COPIED.fileError(folder, ATTEMPTS);
    }

    private Path staging() throws IOException {
        Files.createDirectories(cache);
        return cache.resolve(".staging-" + UUID.randomUUID());
    }

    private static void move(Path from, Path to) throws IOException {
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    }

    private static void delete(Path folder) throws IOException {
        if (Files.exists(folder)) {
            try (Stream<Path> files = Files.walk(folder)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }

    /** Returns the files below a folder; null if there is no folder. */
    private @Nullable Listing list(String folder) throws IOException {
        Configuration configuration = new Configuration();
        settings.forEach(configuration::set);
        org.apache.hadoop.fs.Path given = new org.apache.hadoop.fs.Path(folder);
        FileSystem system = given.getFileSystem(configuration);
        org.apache.hadoop.fs.Path root = system.makeQualified(given);
        List<FileStatus> files = new ArrayList<>();
        try {
            if (!system.getFileStatus(root).isDirectory()) {
                return null;
            }
            RemoteIterator<LocatedFileStatus> all = system.listFiles(root, true);
            while (all.hasNext()) {
                files.add(all.next());
            }
        } catch (java.io.FileNotFoundException e) {
            return null;
        }
        return new Listing(system, root, files);
    }
}
