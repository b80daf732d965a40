package dev.ligature.cli.report;

import java.util.List;
import java.util.Locale;
import java.util.Set;

/** The plots of one run: those of the report, and one for each further column of the metrics. */
final class RunCharts {
    private static final int ROWS = 50;
    private static final String NORM = "grad_norm";
    private static final String RATE = "learning_rate";
    private static final Set<String> KNOWN =
            Set.of(NumberTable.STEP, RunFiles.LOSS, NORM, RATE, RunFiles.SPEED, RunFiles.MEMORY);

    private final RunFiles files;
    private final NumberTable metrics;
    private final NumberTable evaluations;
    private final String items;

    /**
     * Creates them.
     *
     * @param files the numbers of the run
     * @param items what the loss is the mean over, in the plural
     */
    RunCharts(RunFiles files, String items) {
        this.files = files;
        this.metrics = files.metrics();
        this.evaluations = files.evaluations();
        this.items = items;
    }

    void write(Markup page) {
        page.open("div", "class", "charts");
        chart(
                page,
                RunFiles.LOSS,
                "Loss in nats, mean over " + items,
                false,
                metrics.series(RunFiles.LOSS, "training", "a", true),
                evaluations.series(RunFiles.LOSS, "evaluation", "b", false));
        chart(page, NORM, "Norm of the gradients", true, metric(NORM));
        chart(page, RATE, "Learning rate", true, smooth(RATE));
        chart(page, RunFiles.SPEED, capital(items) + " per second", true, metric(RunFiles.SPEED));
        chart(page, RunFiles.MEMORY, "Memory of the process, MiB", true, files.memoryInMib());
        for (String name : metrics.names()) {
            if (!KNOWN.contains(name)) {
                chart(page, "metric-" + name, words(name), false, metric(name));
            }
        }
        for (String name : evaluations.names()) {
            if (!name.equals(NumberTable.STEP) && !name.equals(RunFiles.LOSS)) {
                chart(
                        page,
                        "evaluation-" + name,
                        "Evaluation: " + words(name),
                        false,
                        evaluations.series(name, "evaluation", "b", false));
            }
        }
        page.close().line();
        if (!metrics.rows().isEmpty()) {
            ReportPage.folded(page, "The steps as a table", metrics, ROWS);
        }
        if (!evaluations.rows().isEmpty()) {
            ReportPage.folded(page, "The evaluations as a table", evaluations, ROWS);
        }
    }

    private static void chart(
            Markup page, String id, String title, boolean fromZero, Series... series) {
        Chart chart = new Chart(id, title, fromZero, List.of(series));
        if (!chart.isEmpty()) {
            chart.write(page);
        }
    }

    private Series metric(String name) {
        return metrics.series(name, "each step", "a", true);
    }

    private Series smooth(String name) {
        return metrics.series(name, "each step", "a", false);
    }

    private static String words(String column) {
        return column.replace('_', ' ');
    }

    private static String capital(String word) {
        return word.substring(0, 1).toUpperCase(Locale.ROOT) + word.substring(1);
    }
}
