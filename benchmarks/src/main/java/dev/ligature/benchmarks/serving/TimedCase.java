package dev.ligature.benchmarks.serving;

import java.io.IOException;

/**
 * Something that is timed a few times a run.
 *
 * @param repeat how many times
 * @param once what is timed
 * @param free frees what it holds
 */
record TimedCase(int repeat, Stopwatch.Timed once, Runnable free) implements Case {
    @Override
    public long run() throws IOException {
        return Stopwatch.median(repeat, once);
    }

    @Override
    public void close() {
        free.run();
    }
}
