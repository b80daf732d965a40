package dev.ligature.cli.report;

import java.util.Locale;

/** Numbers as a person reads them. */
public final class Numbers {
    private static final double MIB = 1 << 20;
    private static final double SMALL = 1e-3;

    private Numbers() {}

    /** Returns a number with about four digits; "–" if there is none. */
    public static String shown(double value) {
        if (Double.isNaN(value)) {
            return "–";
        }
        double size = Math.abs(value);
        if (value == Math.rint(value) && size < 1e15) {
            return String.format(Locale.ROOT, "%,d", (long) value);
        }
        if (size < SMALL) {
            return String.format(Locale.ROOT, "%.3g", value).replaceFirst("0+e", "e");
        }
        int digits = size < 10 ? 4 : size < 100 ? 2 : size < 1000 ? 1 : 0;
        return String.format(Locale.ROOT, "%,." + digits + "f", value);
    }

    /** Returns a whole number with its thousands apart. */
    public static String count(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }

    /** Returns bytes in MiB, or in GiB where that is shorter. */
    public static String bytes(double bytes) {
        return Double.isNaN(bytes)
                ? "–"
                : String.format(
                        Locale.ROOT,
                        bytes < 10_000 * MIB ? "%,.0f MiB" : "%,.1f GiB",
                        bytes < 10_000 * MIB ? bytes / MIB : bytes / MIB / 1024);
    }
}
