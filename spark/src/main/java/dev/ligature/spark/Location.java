package dev.ligature.spark;

import dev.ligature.LoraException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.spark.SparkFiles;

/** Where files are, as users write it: a folder, {@code files:NAME} or a Hadoop path. */
final class Location {
    private static final String FILES = "files:";
    private static final String FILE = "file:";

    private Location() {}

    /** Returns whether a path is on a file system that machines cannot read by themselves. */
    static boolean isRemote(String path) {
        return !path.startsWith(FILES)
                && !path.startsWith(FILE)
                && path.matches("[A-Za-z][A-Za-z0-9+.-]*:.*");
    }

    /** Returns whether a path is one of the machine, without a scheme. */
    static boolean isPlain(String path) {
        return !path.startsWith(FILES) && !path.startsWith(FILE) && !isRemote(path);
    }

    /** Returns a path that does not depend on where a process runs. */
    static String absolute(String path) {
        return isPlain(path) ? Path.of(path).toAbsolutePath().normalize().toString() : path;
    }

    /**
     * Returns the folder that a path means on this machine, which is not remote.
     *
     * @throws LoraException if there is none
     */
    static Path local(String path) {
        Path folder =
                path.startsWith(FILES)
                        ? Path.of(SparkFiles.get(path.substring(FILES.length())))
                        : path.startsWith(FILE)
                                ? Path.of(URI.create(path).getPath())
                                : Path.of(path);
        if (!Files.isDirectory(folder)) {
            throw SparkMessage.NOT_FOUND.error("folder " + path, "this machine, " + host());
        }
        return folder;
    }

    /** Returns the name of this machine. */
    static String host() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "without a name";
        }
    }

    /** Returns the folder that a path means on this machine, copied there if it is remote. */
    static Path local(String path, RemoteFiles remote) throws IOException {
        return isRemote(path) ? remote.copy(path) : local(path);
    }
}
