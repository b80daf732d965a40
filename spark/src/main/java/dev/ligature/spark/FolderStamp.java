package dev.ligature.spark;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;

/** Which files a folder has, by their names, sizes and times: another stamp, other files. */
final class FolderStamp {
    private static final int BYTES = 12;

    private FolderStamp() {}

    /** Returns the stamp of a folder of this machine. */
    static String of(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return of(
                    files.filter(Files::isRegularFile)
                            .map(file -> line(folder.relativize(file).toString(), file))
                            .toList());
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private static String line(String name, Path file) {
        try {
            return line(name, Files.size(file), Files.getLastModifiedTime(file).toMillis());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns what a file adds to a stamp. */
    static String line(String name, long size, long millis) {
        return name + '\t' + size + '\t' + millis;
    }

    /** Returns the stamp of lines in any order, 24 characters that a file name can have. */
    static String of(List<String> lines) {
        String all = String.join("\n", lines.stream().sorted().toList());
        try {
            byte[] digest =
                    MessageDigest.getInstance("SHA-256")
                            .digest(all.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest, 0, BYTES);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JDK has it
        }
    }
}
