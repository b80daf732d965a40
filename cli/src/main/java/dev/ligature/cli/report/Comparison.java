package dev.ligature.cli.report;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * Runs laid over each other.
 *
 * @param runs the runs, in the order of their colours
 */
public record Comparison(List<ComparedRun> runs) {
    private static final String[] STYLES = {"a", "b", "c", "d", "e", "f"};
    private static final String ABSENT = "–";

    /** Copies the list. */
    public Comparison {
        runs = List.copyOf(runs);
    }

    /** Returns the names of the columns of {@link #rows}. */
    public static List<String> header() {
        return List.of(
                "run", "steps", "final loss", "best eval loss", "at step", "tokens/s", "memory");
    }

    /** Returns a row of numbers for each run. */
    public List<List<String>> rows() {
        return runs.stream().map(Comparison::row).toList();
    }

    private static List<String> row(ComparedRun run) {
        RunFiles files = run.files();
        return List.of(
                run.name(),
                Numbers.count(files.steps()),
                Numbers.shown(files.lastLoss()),
                Numbers.shown(files.bestLoss()),
                files.bestStep() == 0 ? ABSENT : Numbers.count(files.bestStep()),
                Numbers.shown(Math.rint(files.speed())),
                Numbers.bytes(files.memory()));
    }

    /** Returns a row for each setting that is not the same in all runs: its name and the values. */
    public List<List<String>> differences() {
        TreeSet<String> names = new TreeSet<>();
        runs.forEach(run -> names.addAll(run.settings().keySet()));
        List<List<String>> rows = new ArrayList<>();
        for (String name : names) {
            List<String> row = new ArrayList<>(List.of(name));
            for (ComparedRun run : runs) {
                Map<String, String> settings = run.settings();
                row.add(settings.getOrDefault(name, ABSENT));
            }
            if (row.stream().skip(1).distinct().count() > 1) {
                rows.add(row);
            }
        }
        return rows;
    }

    /** Returns the page. */
    public String html() throws IOException {
        return ReportPage.of("Comparison of " + runs.size() + " runs", this::write);
    }

    private void write(Markup page) {
        String names = String.join(", ", runs.stream().map(ComparedRun::name).toList());
        page.element("p", names, "class", "state");
        ReportPage.table(page, "The runs", header(), rows(), 1);
        ReportPage.section(page, "Steps", () -> charts(page));
        List<String> header = new ArrayList<>(List.of("setting"));
        runs.forEach(run -> header.add(run.name()));
        List<List<String>> differences = differences();
        ReportPage.section(
                page,
                "What differs",
                () -> {
                    if (differences.isEmpty()) {
                        page.element("p", "Nothing: options and configurations are the same.");
                    } else {
                        ReportPage.table(page, "Settings", header, differences, header.size());
                    }
                });
    }

    private void charts(Markup page) {
        page.open("div", "class", "charts");
        chart(page, "loss", "Training loss in nats", false, of("loss", true));
        chart(
                page,
                "evaluation",
                "Evaluation loss in nats",
                false,
                files -> files.evaluations().series("loss", "", "", false));
        chart(page, "norm", "Norm of the gradients", true, of("grad_norm", true));
        chart(page, "rate", "Learning rate", true, of("learning_rate", false));
        chart(page, "speed", "Tokens, or other items, per second", true, of(RunFiles.SPEED, true));
        chart(page, "memory", "Memory of the process, MiB", true, RunFiles::memoryInMib);
        page.close().line();
    }

    private void chart(
            Markup page, String id, String title, boolean fromZero, Function<RunFiles, Series> of) {
        List<Series> series =
                IntStream.range(0, runs.size())
                        .mapToObj(
                                i ->
                                        of.apply(runs.get(i).files())
                                                .asLine(runs.get(i).name(), style(i)))
                        .toList();
        Chart chart = new Chart(id, title, fromZero, series);
        if (!chart.isEmpty()) {
            chart.write(page);
        }
    }

    private static Function<RunFiles, Series> of(String column, boolean noisy) {
        return files -> files.metrics().series(column, "", "", noisy);
    }

    /** Returns a colour, and from the seventh on the same ones broken. */
    private static String style(int run) {
        return STYLES[run % STYLES.length] + (run < STYLES.length ? "" : " broken");
    }
}
