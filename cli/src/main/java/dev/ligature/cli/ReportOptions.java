package dev.ligature.cli;

import java.util.Set;
import picocli.CommandLine.Option;

/** The options that say what a report has. */
final class ReportOptions {
    /** The options that do not change the numbers of a training. */
    static final Set<String> WITHOUT_EFFECT = Set.of("--report-samples");

    @Option(
            names = "--report-samples",
            defaultValue = "3",
            paramLabel = "N",
            description = {
                "causal: how many prompts of the data report.html continues, with the base and",
                "with the adapter. Default: 3."
            })
    private int samples;

    void check() {
        OptionChecks.atLeast("--report-samples", samples, 0);
    }

    int samples() {
        return samples;
    }
}
