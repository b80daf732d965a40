package dev.ligature.cli.report;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * What the files of a run say about its steps.
 *
 * @param metrics a row for each step
 * @param evaluations a row for each evaluation
 */
public record RunFiles(NumberTable metrics, NumberTable evaluations) {
    /** The table of the steps, in the folder of an adapter or a checkpoint. */
    public static final String METRICS = "metrics.csv";

    /** The table of the evaluations, beside it. */
    public static final String EVALUATIONS = "evaluation.csv";

    /** The step and the options, beside it. */
    public static final String TRAINING = "training.json";

    static final String LOSS = "loss";
    static final String SPEED = "tokens_per_second";
    static final String MEMORY = "resident_bytes";
    private static final int LAST = 10;

    /**
     * Reads the tables.
     *
     * @param folder where they are
     */
    public static RunFiles read(Path folder) throws IOException {
        return new RunFiles(
                NumberTable.read(folder.resolve(METRICS)),
                NumberTable.read(folder.resolve(EVALUATIONS)));
    }

    /** Returns how many steps were taken. */
    public long steps() {
        double[] steps = metrics.column(NumberTable.STEP);
        return steps.length == 0 ? 0 : (long) steps[steps.length - 1];
    }

    /** Returns after which step the last evaluation was; 0 if there was none. */
    public long lastEvaluation() {
        double[] steps = evaluations.column(NumberTable.STEP);
        return steps.length == 0 ? 0 : (long) steps[steps.length - 1];
    }

    /** Returns the mean of the losses of the last ten steps; NaN if there is none. */
    public double lastLoss() {
        double[] losses = metrics.column(LOSS);
        return Arrays.stream(losses)
                .skip(Math.max(0, losses.length - LAST))
                .average()
                .orElse(Double.NaN);
    }

    /** Returns the least loss of the evaluations; NaN if there is none. */
    public double bestLoss() {
        return Arrays.stream(evaluations.column(LOSS))
                .filter(Double::isFinite)
                .min()
                .orElse(Double.NaN);
    }

    /** Returns the step of the evaluation with the least loss; 0 if there is none. */
    public long bestStep() {
        double[] losses = evaluations.column(LOSS);
        return IntStream.range(0, losses.length)
                .filter(i -> losses[i] == bestLoss())
                .mapToLong(i -> (long) evaluations.column(NumberTable.STEP)[i])
                .findFirst()
                .orElse(0);
    }

    /** Returns the median of the tokens, or other items, per second; NaN if there is none. */
    public double speed() {
        double[] speeds = Arrays.stream(metrics.column(SPEED)).sorted().toArray();
        return speeds.length == 0 ? Double.NaN : speeds[speeds.length / 2];
    }

    /** Returns the most bytes that the process had in memory after a step; NaN if unknown. */
    public double memory() {
        return Arrays.stream(metrics.column(MEMORY))
                .filter(Double::isFinite)
                .max()
                .orElse(Double.NaN);
    }

    /** Returns the bytes of the process after each step, in MiB. */
    Series memoryInMib() {
        Series bytes = metrics.series(MEMORY, "each step", "a", false);
        double[] values = Arrays.stream(bytes.values()).map(each -> each / (1 << 20)).toArray();
        return new Series(bytes.name(), bytes.style(), bytes.steps(), values, false);
    }
}
