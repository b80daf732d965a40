package dev.ligature.benchmarks.serving;

import dev.ligature.LoraModel;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The bytes that one adapter costs: what the process grows by while it loads {@code count=} of
 * them.
 *
 * <p>The heap is counted by what is used after a collection, and the rest by the memory of the
 * process. The JVM is started with a heap of one size, all of it touched, so that the two do not
 * overlap.
 */
final class MemoryCase implements Case {
    private final LoraModel model;
    private final Path directory;
    private final int count;

    private MemoryCase(LoraModel model, Path directory, int count) {
        this.model = model;
        this.directory = directory;
        this.count = count;
    }

    static Case open(Words words, Bases bases) throws IOException {
        LoraModel model = Bases.wrap(bases.load(words.path("base")));
        return new MemoryCase(model, words.path("adapter"), words.number("count"));
    }

    @Override
    public long run() throws IOException {
        int resident = model.adapterNames().size();
        long before = used();
        for (int i = 0; i < count; i++) {
            model.load("resident." + (resident + i), directory);
        }
        return (used() - before) / count;
    }

    /** Returns the bytes of the process and of what is used of its heap. */
    static long used() throws IOException {
        System.gc(); // what is garbage costs nothing
        return residentBytes() + ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    private static long residentBytes() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("VmRSS:")) {
                return 1024 * Long.parseLong(line.replaceAll("\\D", ""));
            }
        }
        throw new IOException("/proc/self/status does not tell the memory of the process");
    }

    @Override
    public void close() {
        model.unwrap();
    }
}
