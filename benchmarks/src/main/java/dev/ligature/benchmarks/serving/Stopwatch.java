package dev.ligature.benchmarks.serving;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.Arrays;

/**
 * Takes times by the clock, or with {@code -Dbenchmark.cpu=true} by what this thread had of a
 * processor.
 */
final class Stopwatch {
    private static final boolean CPU = Boolean.getBoolean("benchmark.cpu");
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private final long begin = now();

    private Stopwatch() {}

    /** Something that says itself how long it took. */
    interface Timed {
        /** Returns nanoseconds. */
        long run() throws IOException;
    }

    static Stopwatch start() {
        return new Stopwatch();
    }

    /** Returns the nanoseconds since the start. */
    long nanos() {
        return now() - begin;
    }

    /** Returns the median of a few times, in nanoseconds. */
    static long median(int times, Timed timed) throws IOException {
        long[] nanos = new long[times];
        for (int i = 0; i < times; i++) {
            nanos[i] = timed.run();
        }
        Arrays.sort(nanos);
        return (nanos[(times - 1) / 2] + nanos[times / 2]) / 2;
    }

    private static long now() {
        return CPU ? THREADS.getCurrentThreadCpuTime() : System.nanoTime();
    }
}
