package dev.ligature.models.run;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;

/** Files by their sizes and the SHA-256 of their bytes, wherever they lie. */
public final class FileDigest {
    private static final int SHOWN = 16;

    private FileDigest() {}

    /**
     * Returns the sizes and digests of files together.
     *
     * @param paths files, and directories for all files below them
     */
    public static String of(List<Path> paths) throws IOException {
        MessageDigest digest = sha256();
        long bytes = 0;
        for (Path path : paths) {
            for (Path file : files(path)) {
                bytes += add(file, digest);
                digest.update((byte) 0); // between files
            }
        }
        String hex = HexFormat.of().formatHex(digest.digest());
        return bytes + " bytes of SHA-256 " + hex.substring(0, SHOWN);
    }

    /**
     * Returns the size and digest of what a model is read from: the JSON files and weights in its
     * directory, and the configurations one folder below. What else is there may change.
     *
     * @param directory the model's directory
     */
    public static String ofModel(Path directory) throws IOException {
        try (Stream<Path> walk = Files.walk(directory, 2)) {
            return of(
                    walk.filter(Files::isRegularFile)
                            .filter(file -> isOfModel(directory, file))
                            .sorted()
                            .toList());
        }
    }

    /** Returns the whole SHA-256 of a file's bytes. */
    static String whole(Path file) throws IOException {
        MessageDigest digest = sha256();
        add(file, digest);
        return HexFormat.of().formatHex(digest.digest());
    }

    /** Returns the whole SHA-256 of bytes. */
    static String whole(byte[] bytes) {
        return HexFormat.of().formatHex(sha256().digest(bytes));
    }

    private static boolean isOfModel(Path directory, Path file) {
        String name = file.getFileName().toString();
        return directory.equals(file.getParent())
                ? name.endsWith(".json") || name.endsWith(".safetensors") || name.endsWith(".jinja")
                : name.equals("config.json");
    }

    private static List<Path> files(Path path) throws IOException {
        if (!Files.isDirectory(path)) {
            return List.of(path);
        }
        try (Stream<Path> walk = Files.walk(path)) {
            return walk.filter(Files::isRegularFile).sorted().toList();
        }
    }

    private static long add(Path file, MessageDigest digest) throws IOException {
        byte[] buffer = new byte[1 << 18];
        long bytes = 0;
        try (InputStream in = Files.newInputStream(file)) {
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                digest.update(buffer, 0, read);
                bytes += read;
            }
        }
        return bytes;
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JDK has it
        }
    }
}
