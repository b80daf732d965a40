package dev.ligature.internal.files;

import dev.ligature.checkpoint.CheckpointException;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Writes a file under another name in the same directory, and renames it once it is on disk, so
 * that the file is there whole or not at all.
 */
public final class StagedFile {
    private StagedFile() {}

    /** Writes the content of a file. */
    @FunctionalInterface
    public interface Content {
        /** Writes everything to the channel. */
        void writeTo(FileChannel channel) throws IOException;
    }

    /**
     * Writes a file; one that exists is replaced.
     *
     * @param file the file
     * @param content its content
     * @throws CheckpointException if it cannot be written; nothing is left then
     */
    public static void write(Path file, Content content) throws IOException {
        Path staged = sibling(file, "partial");
        try {
            // Not a temporary file of the JDK, which only its owner could read.
            try (FileChannel channel =
                    FileChannel.open(
                            staged, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                content.writeTo(channel);
                channel.force(true);
            }
            Files.move(staged, file, StandardCopyOption.ATOMIC_MOVE);
            syncDirectory(directory(file));
        } catch (CheckpointException e) {
            Files.deleteIfExists(staged);
            throw e;
        } catch (IOException e) {
            deleteQuietly(staged, e);
            throw failed(file, e);
        } catch (RuntimeException | Error e) {
            deleteQuietly(staged, e);
            throw e;
        }
    }

    /** Writes a text file in UTF-8. */
    public static void write(Path file, String text) throws IOException {
        write(
                file,
                channel -> {
                    ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
                    while (bytes.hasRemaining()) {
                        channel.write(bytes);
                    }
                });
    }

    /** Copies a file byte for byte. */
    public static void copy(Path from, Path to) throws IOException {
        try (FileChannel in = FileChannel.open(from, StandardOpenOption.READ)) {
            write(
                    to,
                    channel -> {
                        long size = in.size();
                        long at = 0;
                        while (at < size) {
                            long count = in.transferTo(at, size - at, channel);
                            if (count == 0) {
                                throw new EOFException(from + " became shorter while it was read.");
                            }
                            at += count;
                        }
                    });
        }
    }

    /** Returns a path in the same directory that is not in use. */
    static Path sibling(Path path, String suffix) {
        String name = name(path);
        String unique = String.format(Locale.ROOT, "%08x", ThreadLocalRandom.current().nextInt());
        return directory(path).resolve("." + name + "." + unique + "." + suffix);
    }

    /** Returns the last name of a path. */
    public static String name(Path path) {
        Path name = path.toAbsolutePath().normalize().getFileName();
        if (name == null) {
            throw new IllegalArgumentException(path + " has no name");
        }
        return name.toString();
    }

    /** Returns the directory that a path is in. */
    static Path directory(Path path) {
        Path parent = path.toAbsolutePath().normalize().getParent();
        if (parent == null) {
            throw new IllegalArgumentException(path + " is in no directory");
        }
        return parent;
    }

    /** Makes the names in a directory last through a power failure, where the system can. */
    public static void syncDirectory(Path directory) {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (IOException e) {
            // Windows cannot open a directory; the rename is atomic there all the same.
        }
    }

    /** Returns the error for an output that could not be written. */
    static CheckpointException failed(Path output, IOException cause) {
        String reason = cause.getMessage() == null ? cause.toString() : cause.getMessage();
        if (cause instanceof ClosedChannelException) { // without a message
            String what =
                    cause instanceof ClosedByInterruptException
                            ? "its thread was interrupted"
                            : "a file was closed while it was read or written";
            return FileMessage.WRITE_ENDED.fileErrorFrom(cause, output, what);
        }
        if (cause instanceof FileSystemException system) {
            String why = system.getReason();
            reason =
                    (why == null ? system.getClass().getSimpleName() : why)
                            + " ("
                            + system.getFile()
                            + ")";
        }
        return FileMessage.WRITE_FAILED.fileErrorFrom(cause, output, reason);
    }

    private static void deleteQuietly(Path staged, Throwable first) {
        try {
            Files.deleteIfExists(staged);
        } catch (IOException e) {
            first.addSuppressed(e);
        }
    }
}
