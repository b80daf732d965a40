package dev.ligature.cli;

import dev.ligature.cli.report.RunFiles;
import dev.ligature.training.StepMetrics;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The numbers of each step of a training, as a table that grows while it runs. */
final class MetricsFile implements AutoCloseable {
    static final String NAME = RunFiles.METRICS;

    private static final List<String> COLUMNS =
            List.of(
                    "step",
                    "loss",
                    "grad_norm",
                    "learning_rate",
                    "tokens_per_second",
                    "resident_bytes");

    private final Path file;
    private final BufferedWriter writer;

    /**
     * Starts the file, or goes on with one that is there. Columns that one of an older version does
     * not have are empty in its rows.
     *
     * @param directory where it is to be
     */
    MetricsFile(Path directory) throws IOException {
        file = directory.resolve(NAME);
        List<String> begun = Files.exists(file) ? Files.readAllLines(file) : List.of();
        writer = Files.newBufferedWriter(file, StandardOpenOption.CREATE);
        try {
            write(String.join(",", COLUMNS) + "\n");
            for (String row : rows(begun)) {
                writer.write(row + "\n");
            }
            write("");
        } catch (IOException e) {
            try {
                writer.close(); // which tries to write once more
            } catch (IOException again) {
                e.addSuppressed(again);
            }
            throw e;
        }
    }

    private List<String> rows(List<String> begun) throws IOException {
        List<String> rows = new ArrayList<>();
        List<String> names = begun.isEmpty() ? COLUMNS : cells(begun.get(0));
        if (!COLUMNS.containsAll(names)) {
            throw new IOException(
                    file + " has the columns " + names + ", not " + COLUMNS + ": restore it.");
        }
        for (String line : begun.subList(Math.min(1, begun.size()), begun.size())) {
            List<String> cells = cells(line);
            if (cells.size() != names.size()) {
                throw new IOException(file + " has a damaged row, " + line + ": restore it.");
            }
            List<String> row = new ArrayList<>();
            for (String column : COLUMNS) {
                int at = names.indexOf(column);
                row.add(at < 0 ? "" : cells.get(at));
            }
            rows.add(String.join(",", row));
        }
        return rows;
    }

    private static List<String> cells(String line) {
        return Arrays.asList(line.split(",", -1));
    }

    /** Adds a step. */
    void add(StepMetrics metrics) throws IOException {
        long memory = ResidentMemory.bytes();
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
                        + ","
                        + (memory > 0 ? memory : "")
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
