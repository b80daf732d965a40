package dev.ligature.benchmarks.start;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The files of a model's weights, read as they are. */
final class WeightFiles {
    private WeightFiles() {}

    /** Returns the files. */
    static List<Path> of(Path directory) throws IOException {
        List<Path> files = new ArrayList<>();
        try (DirectoryStream<Path> found = Files.newDirectoryStream(directory, "*.safetensors")) {
            found.forEach(files::add);
        }
        return files;
    }

    /** Returns the bytes of all files. */
    static long bytes(List<Path> files) throws IOException {
        long bytes = 0;
        for (Path file : files) {
            bytes += Files.size(file);
        }
        return bytes;
    }

    /** Reads all files once, a part after the other, and returns the nanoseconds. */
    static long read(List<Path> files) throws IOException {
        ByteBuffer part = ByteBuffer.allocateDirect(1 << 20);
        long begin = System.nanoTime();
        for (Path file : files) {
            try (FileChannel channel = FileChannel.open(file)) {
                while (channel.read(part.clear()) >= 0) {
                    part.flip();
                }
            }
        }
        return System.nanoTime() - begin;
    }

    /** Has the kernel forget the files, so that the next to read them waits for the disk. */
    static void forget(List<Path> files) throws IOException, InterruptedException {
        for (Path file : files) {
            Process dd =
                    new ProcessBuilder("dd", "if=" + file, "iflag=nocache", "count=0")
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start();
            if (dd.waitFor() != 0) {
                throw new IOException("dd cannot take " + file + " out of the page cache");
            }
        }
    }
}
