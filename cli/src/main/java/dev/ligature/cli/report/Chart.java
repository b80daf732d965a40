package dev.ligature.cli.report;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;

/**
 * A plot of series over steps, as SVG. Positions are parts of the width, and lines keep their
 * strength, so that text has one size whatever the width of the screen.
 */
final class Chart {
    private static final int POINTS = 800;
    private static final int DOTS = 250; // more would touch each other
    private static final int ACROSS = 5;
    private static final int UP = 4;
    private static final double SIDE = 1000; // of the plot's own system of coordinates

    private final String id;
    private final String title;
    private final boolean fromZero;
    private final List<Series> series;

    /**
     * Creates a chart.
     *
     * @param id a word that no other chart of the page has
     * @param title what is drawn, with its unit
     * @param fromZero whether the axis begins at zero
     * @param series what is drawn; those without numbers are left out
     */
    Chart(String id, String title, boolean fromZero, List<Series> series) {
        this.id = id;
        this.title = title;
        this.fromZero = fromZero;
        this.series = series.stream().filter(each -> each.size() > 0).toList();
    }

    boolean isEmpty() {
        return series.isEmpty();
    }

    void write(Markup page) {
        page.open("figure", "class", "chart").open("figcaption");
        page.element("strong", title);
        for (Series each : series) {
            page.element("span", legend(each), "class", "key " + each.style());
        }
        page.close().open("div", "class", "plot");
        page.open("svg", "role", "img", "aria-labelledby", id + "-title " + id + "-desc");
        page.element("title", title, "id", id + "-title");
        page.element("desc", description(), "id", id + "-desc");
        Ticks up = up();
        double[] range = range(series.stream().map(Series::steps));
        grid(page, up, range);
        page.open("svg", "viewBox", "0 0 1000 1000", "preserveAspectRatio", "none");
        for (Series each : series) {
            draw(page, each, up, range);
        }
        page.close().close().close().close().line();
    }

    private static String legend(Series series) {
        return series.isSmoothed()
                ? series.name() + " (line: mean of about " + series.window() + " steps)"
                : series.name();
    }

    private String description() {
        StringBuilder text = new StringBuilder();
        for (Series each : series) {
            double[] values = each.values();
            int end = values.length - 1;
            text.append(
                    String.format(
                            Locale.ROOT,
                            "%s: %s at step %.0f, %s at step %.0f, between %s and %s. ",
                            each.name(),
                            Numbers.shown(values[0]),
                            each.steps()[0],
                            Numbers.shown(values[end]),
                            each.steps()[end],
                            Numbers.shown(DoubleStream.of(values).min().orElseThrow()),
                            Numbers.shown(DoubleStream.of(values).max().orElseThrow())));
        }
        return text.toString().strip();
    }

    private Ticks up() {
        double[] range = range(series.stream().map(Series::values));
        double low = fromZero ? Math.min(0, range[0]) : range[0];
        double high = range[1];
        if (high - low <= 1e-9 * Math.abs(high)) { // a line that is level
            double room = high == 0 ? 1 : Math.abs(high) / 2;
            low -= fromZero && low >= 0 ? 0 : room;
            high += room;
        }
        return Ticks.around(low, high, UP, false);
    }

    private static double[] range(Stream<double[]> numbers) {
        double[] all = numbers.flatMapToDouble(Arrays::stream).sorted().toArray();
        return new double[] {all[0], all[all.length - 1]};
    }

    private static void grid(Markup page, Ticks up, double[] range) {
        for (double value : up.values()) {
            String y = percent(1 - part(value, up.from(), up.to()));
            page.open("line", "class", "grid", "x1", "0", "x2", "100%", "y1", y, "y2", y).close();
            page.element("text", up.label(value), "class", "y", "x", -8, "y", y, "dy", "0.32em");
        }
        Ticks across =
                range[0] == range[1]
                        ? Ticks.inside(range[0], range[0], 1, true)
                        : Ticks.inside(range[0], range[1], ACROSS, true);
        for (double value : across.values()) {
            String x = percent(part(value, range[0], range[1]));
            page.open("line", "class", "tick", "x1", x, "x2", x, "y1", "100%", "y2", "100%");
            page.close();
            page.element(
                    "text", across.label(value), "class", "x", "x", x, "y", "100%", "dy", "1.5em");
        }
        page.element("text", "step", "class", "unit", "x", "100%", "y", "100%", "dy", "2.8em");
    }

    private static void draw(Markup page, Series series, Ticks up, double[] range) {
        Series shown = series.thinned(POINTS);
        String style = series.style();
        if (!series.isSmoothed()) {
            path(page, "line " + style, line(shown, up, range));
        } else if (series.size() > DOTS) {
            path(page, "noise " + style, line(shown, up, range));
        } else {
            path(page, "dots " + style, dots(shown, up, range));
        }
        if (series.isSmoothed()) {
            Series smooth = series.smoothed().thinned(POINTS);
            path(page, "line " + style, line(smooth, up, range));
        } else if (series.size() <= DOTS / 4) {
            path(page, "marks " + style, dots(shown, up, range));
        }
    }

    private static void path(Markup page, String style, String data) {
        page.open("path", "class", style, "d", data).close();
    }

    private static String line(Series series, Ticks up, double[] range) {
        StringBuilder path = new StringBuilder();
        for (int i = 0; i < series.size(); i++) {
            path.append(i == 0 ? 'M' : 'L').append(point(series, i, up, range));
        }
        return path.toString();
    }

    /** Lines of no length, which are round dots at any width of the plot. */
    private static String dots(Series series, Ticks up, double[] range) {
        StringBuilder path = new StringBuilder();
        for (int i = 0; i < series.size(); i++) {
            path.append('M').append(point(series, i, up, range)).append("h0");
        }
        return path.toString();
    }

    private static String point(Series series, int i, Ticks up, double[] range) {
        return String.format(
                Locale.ROOT,
                "%.1f,%.1f",
                SIDE * part(series.steps()[i], range[0], range[1]),
                SIDE * (1 - part(series.values()[i], up.from(), up.to())));
    }

    private static double part(double value, double from, double to) {
        return to == from ? 0.5 : (value - from) / (to - from);
    }

    private static String percent(double part) {
        return String.format(Locale.ROOT, "%.2f%%", 100 * part);
    }
}
