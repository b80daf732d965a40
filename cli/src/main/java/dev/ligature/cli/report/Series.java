package dev.ligature.cli.report;

import java.util.Arrays;
import java.util.stream.IntStream;

/** Numbers over steps, to be drawn. */
final class Series {
    /** From so many numbers on, smoothing makes something clearer. */
    private static final int MANY = 20;

    private final String name;
    private final String style;
    private final double[] steps;
    private final double[] values;
    private final boolean isNoisy;

    /**
     * Creates a series; numbers that are not finite are left out.
     *
     * @param name what they are, for the legend
     * @param style the class of the style sheet, which is its colour
     * @param steps the steps, ascending
     * @param values the numbers
     * @param isNoisy whether a smoothed line is drawn over them
     */
    Series(String name, String style, double[] steps, double[] values, boolean isNoisy) {
        this.name = name;
        this.style = style;
        this.isNoisy = isNoisy;
        int[] kept =
                IntStream.range(0, values.length).filter(i -> Double.isFinite(values[i])).toArray();
        this.steps = Arrays.stream(kept).mapToDouble(i -> steps[i]).toArray();
        this.values = Arrays.stream(kept).mapToDouble(i -> values[i]).toArray();
    }

    String name() {
        return name;
    }

    String style() {
        return style;
    }

    /** Returns the steps, which are not to be changed. */
    double[] steps() {
        return steps;
    }

    /** Returns the numbers, which are not to be changed. */
    double[] values() {
        return values;
    }

    int size() {
        return values.length;
    }

    boolean isSmoothed() {
        return isNoisy && size() >= MANY;
    }

    /** Returns over about how many numbers the line is smoothed. */
    int window() {
        return Math.max(5, size() / 20);
    }

    /** Returns the exponentially weighted mean up to each number, without the pull of a start. */
    Series smoothed() {
        double keep = 1 - 2.0 / (window() + 1);
        double[] means = new double[size()];
        double sum = 0;
        double weight = 0;
        for (int i = 0; i < means.length; i++) {
            sum = keep * sum + values[i];
            weight = keep * weight + 1;
            means[i] = sum / weight;
        }
        return new Series(name, style, steps, means, false);
    }

    /** Returns one line under another name, smoothed where the series is noisy. */
    Series asLine(String newName, String newStyle) {
        Series line = isSmoothed() ? smoothed() : this;
        return new Series(newName, newStyle, line.steps, line.values, false);
    }

    /**
     * Returns the series with no more points than can be seen: of each stretch the least and the
     * greatest number.
     *
     * @param most how many points at most
     */
    Series thinned(int most) {
        if (size() <= most) {
            return this;
        }
        int stretches = most / 2;
        int[] kept =
                IntStream.range(0, stretches)
                        .flatMap(
                                s ->
                                        extremes(
                                                (int) ((long) size() * s / stretches),
                                                (int) ((long) size() * (s + 1) / stretches)))
                        .toArray();
        return new Series(
                name,
                style,
                Arrays.stream(kept).mapToDouble(i -> steps[i]).toArray(),
                Arrays.stream(kept).mapToDouble(i -> values[i]).toArray(),
                isNoisy);
    }

    private IntStream extremes(int from, int to) {
        int least = from;
        int greatest = from;
        for (int i = from; i < to; i++) {
            least = values[i] < values[least] ? i : least;
            greatest = values[i] > values[greatest] ? i : greatest;
        }
        return IntStream.of(Math.min(least, greatest), Math.max(least, greatest)).distinct();
    }
}
