package dev.ligature.cli.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A table of numbers, as trainings write it in CSV.
 *
 * @param names the names of the columns
 * @param rows the numbers; NaN where a cell is empty
 */
record NumberTable(List<String> names, List<double[]> rows) {
    static final String STEP = "step";

    /**
     * Reads a file.
     *
     * @param file the file; one that is not there has no rows
     * @throws IOException if it is no such table; the message names file and line
     */
    static NumberTable read(Path file) throws IOException {
        if (!Files.exists(file)) {
            return new NumberTable(List.of(), List.of());
        }
        List<String> lines = Files.readAllLines(file);
        List<String> names = lines.isEmpty() ? List.of() : cells(lines.get(0));
        if (!names.contains(STEP)) {
            throw new IOException(file + " is no table of a training: it has no column step.");
        }
        List<double[]> rows = new ArrayList<>();
        for (int line = 1; line < lines.size(); line++) {
            rows.add(row(file, line + 1, cells(lines.get(line)), names.size()));
        }
        return new NumberTable(names, rows);
    }

    private static double[] row(Path file, int line, List<String> cells, int width)
            throws IOException {
        try {
            if (cells.size() == width) {
                return cells.stream()
                        .mapToDouble(cell -> cell.isEmpty() ? Double.NaN : Double.parseDouble(cell))
                        .toArray();
            }
        } catch (NumberFormatException e) {
            // it is said below
        }
        throw new IOException(
                file + ", line " + line + ", has no " + width + " numbers: restore the file.");
    }

    private static List<String> cells(String line) {
        return Arrays.asList(line.split(",", -1));
    }

    boolean has(String name) {
        return names.contains(name);
    }

    /** Returns a column; without numbers if there is none of the name. */
    double[] column(String name) {
        int column = names.indexOf(name);
        return column < 0 ? new double[0] : rows.stream().mapToDouble(row -> row[column]).toArray();
    }

    /** Returns a column as a series. */
    Series series(String column, String name, String style, boolean noisy) {
        return has(column)
                ? new Series(name, style, column(STEP), column(column), noisy)
                : new Series(name, style, new double[0], new double[0], noisy);
    }

    /** Returns the table with at most so many rows: evenly spaced ones, the first and the last. */
    NumberTable thinned(int most) {
        if (rows.size() <= most) {
            return this;
        }
        List<double[]> kept = new ArrayList<>();
        for (int i = 0; i < most; i++) {
            kept.add(rows.get((int) ((long) i * (rows.size() - 1) / (most - 1))));
        }
        return new NumberTable(names, kept);
    }
}
