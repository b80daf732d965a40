package dev.ligature.benchmarks.serving;

import java.io.IOException;

/** Something that is measured: set up once, run many times. */
interface Case extends AutoCloseable {
    /**
     * Runs once.
     *
     * @return what was measured: nanoseconds for one repetition, or bytes
     */
    long run() throws IOException;

    @Override
    void close();
}
