package dev.ligature.cli;

import dev.ligature.training.StepMetrics;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** The numbers of each step of a training, as a table that grows while it runs. */
final class MetricsFile implements AutoCloseable {
    static final String NAME = "metrics.csv";

    private final Path file;
    private final BufferedWriter writer;

    /**
     * Starts the file, or goes on with one that is there.
     *
     * @param directory where it is to be
     */
    MetricsFile(Path directory) throws IOException {
        file = directory.resolve(NAME);
        boolean begun = Files.exists(file);
        writer =
                Files.newBufferedWriter(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        if (begun) {
            return;
        }
        try {
            write("step,loss,grad_norm,learning_rate,tokens_per_second\n");
        } catch (IOException e) {
            try {
                writer.close(); // which tries to write once more
            } catch (IOException again) {
                e.addSuppressed(again);
            }
            throw e;
        }
    }

    /** Adds a step. */
    void add(StepMetrics metrics) throws IOException {
        write(
                metrics.step()
                        + ","
                        + metrics.loss()
                        + ","
                        + metrics.gradNorm()
                        + ","
                        + (float) metrics.learningRate() // which it was, in the optimizer
                        + ","
                        + metrics.tokensPerSecond()
                        + "\n");
    }

    private void write(String line) throws IOException {
        try {
            writer.write(line);
            writer.flush(); // so that a training can be watched
        } catch (IOException e) { // whose message does not name the file
            throw new IOException(file + " could not be written: " + e.getMessage() + ".", e);
        }
    }

    @Override
    public void close() throws IOException {
        writer.close();
    }
}
