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

    /** Returns numbers that PEFT's side must have as well, before anything is timed. */
    default float[] numbers() throws IOException {
        throw new UnsupportedOperationException("This case has no numbers to compare.");
    }

    @Override
    void close();
}
