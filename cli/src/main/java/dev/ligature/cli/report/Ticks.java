package dev.ligature.cli.report;

import java.util.Locale;
import java.util.stream.LongStream;

/**
 * Round numbers along an axis: multiples of 1, 2 or 5 times a power of ten.
 *
 * @param step the distance of two
 * @param first the first one, as a multiple of the step
 * @param last the last one, as a multiple of the step
 */
record Ticks(double step, long first, long last) {
    /**
     * Returns ticks that reach over a range.
     *
     * @param from the least number
     * @param to the greatest one
     * @param most about how many there are
     * @param whole whether all are whole numbers
     */
    static Ticks around(double from, double to, int most, boolean whole) {
        double step = step(from, to, most, whole);
        return new Ticks(step, (long) Math.floor(from / step), (long) Math.ceil(to / step));
    }

    /** Returns ticks that lie inside a range. */
    static Ticks inside(double from, double to, int most, boolean whole) {
        double step = step(from, to, most, whole);
        return new Ticks(step, (long) Math.ceil(from / step), (long) Math.floor(to / step));
    }

    private static double step(double from, double to, int most, boolean whole) {
        double rough = Math.max((to - from) / most, Double.MIN_NORMAL);
        double power = Math.pow(10, Math.floor(Math.log10(rough)));
        double part = rough / power;
        double step = (part <= 1 ? 1 : part <= 2 ? 2 : part <= 5 ? 5 : 10) * power;
        return whole ? Math.max(1, step) : step;
    }

    /** Returns the numbers. */
    double[] values() {
        return LongStream.rangeClosed(first, last).mapToDouble(i -> i * step).toArray();
    }

    double from() {
        return first * step;
    }

    double to() {
        return last * step;
    }

    /** Returns a number as text, with as many digits as tell the ticks apart. */
    String label(double value) {
        if (value == 0) {
            return "0";
        }
        if (step < 1e-4) {
            return String.format(Locale.ROOT, "%.2g", value)
                    .replaceFirst("\\.?0*e", "e")
                    .replaceFirst("e([+-])0", "e$1")
                    .replace("e+", "e");
        }
        int digits = (int) Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
        return String.format(Locale.ROOT, "%,." + digits + "f", value);
    }
}
