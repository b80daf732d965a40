package dev.ligature.examples.cli;

import dev.ligature.training.StepMetrics;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The numbers of each step of a training, as a table that grows while it runs. */
final class MetricsFile implements AutoCloseable {
    static final String NAME = "metrics.csv";

    private final BufferedWriter writer;

    /**
     * Starts the file.
     *
     * @param directory where it is to be
     */
    MetricsFile(Path directory) throws IOException {
        writer = Files.newBufferedWriter(directory.resolve(NAME));
        writer.write("step,loss,grad_norm,learning_rate,tokens_per_second\n");
        writer.flush();
    }

    /** Adds a step. */
    void add(StepMetrics metrics) throws IOException {
        writer.write(
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
        writer.flush();
    }

    @Override
    public void close() throws IOException {
        writer.close();
    }
}
