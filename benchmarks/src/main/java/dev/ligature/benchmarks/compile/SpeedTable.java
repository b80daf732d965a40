package dev.ligature.benchmarks.compile;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The figures, as a Markdown table: medians, and what follows from them. */
final class SpeedTable {
    private final List<Row> rows = new ArrayList<>();

    /** Adds the rounds of one count of classes. */
    void add(int classes, List<Map<Contender, Timing>> rounds) {
        rows.add(
                new Row(
                        classes,
                        Figures.of(Contender.LIGATURE, classes, rounds),
                        Figures.of(Contender.AUTO_VALUE, classes, rounds)));
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        text.append(
                "| classes | javac alone | with Ligature | added per class | javac alone | with"
                        + " AutoValue | added per class | Ligature / AutoValue |\n");
        text.append("|---:|---:|---:|---:|---:|---:|---:|---:|\n");
        for (Row row : rows) {
            text.append(
                    format(
                            "| %d | %s | %s | %.2f |%n",
                            row.classes(),
                            row.ligature(),
                            row.autoValue(),
                            row.ligature().addedPerClass() / row.autoValue().addedPerClass()));
        }
        Row last = rows.get(rows.size() - 1);
        for (Row row : rows.subList(0, rows.size() - 1)) {
            text.append(
                    format(
                            "%nAdded per class at %d, over that at %d: Ligature %.2f, AutoValue"
                                    + " %.2f",
                            last.classes(),
                            row.classes(),
                            last.ligature().addedPerClass() / row.ligature().addedPerClass(),
                            last.autoValue().addedPerClass() / row.autoValue().addedPerClass()));
        }
        return text.append(System.lineSeparator()).toString();
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }

    private record Row(int classes, Figures ligature, Figures autoValue) {}

    /**
     * The medians of one processor.
     *
     * @param without milliseconds without it
     * @param with milliseconds with it
     * @param addedPerClass microseconds
     */
    private record Figures(double without, double with, double addedPerClass) {
        static Figures of(Contender contender, int classes, List<Map<Contender, Timing>> rounds) {
            List<Timing> timings = rounds.stream().map(round -> round.get(contender)).toList();
            return new Figures(
                    Timing.median(timings, Timing::without) / 1e6,
                    Timing.median(timings, Timing::with) / 1e6,
                    Timing.median(timings, Timing::added) / 1e3 / classes);
        }

        @Override
        public String toString() {
            return format("%.0f ms | %.0f ms | %.0f µs", without, with, addedPerClass);
        }
    }
}
