package dev.ligature.cli;

import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that say how a training is measured on the way, and which adapter is kept. */
final class EvaluationOptions {
    private static final int DEFAULT_EVERY = 100;

    @Option(
            names = "--eval-data",
            arity = "1..*",
            paramLabel = "FILE",
            description = "Measure on this data, of the same form as --data.")
    private @Nullable List<String> data;

    @Option(
            names = "--eval-fraction",
            paramLabel = "X",
            description = "Or on this part of --data, which is not trained on then.")
    private @Nullable Double fraction;

    @Option(
            names = "--eval-every",
            paramLabel = "N",
            description = "After each N steps, and after the last. Default: 100.")
    private @Nullable Integer every;

    @Option(
            names = "--early-stopping-patience",
            paramLabel = "N",
            description = "End after N evaluations in a row without a lower loss.")
    private @Nullable Integer patience;

    @Option(
            names = "--keep",
            paramLabel = "WHICH",
            description = {
                "The adapter that is written: best, that of the evaluation with the least loss,",
                "or last. Default: best, where there is data to measure on."
            })
    private @Nullable Kept kept;

    /** Which adapter is written. */
    enum Kept {
        BEST,
        LAST
    }

    void check(boolean prescribed) {
        OptionChecks.notBoth("--eval-data", data, "--eval-fraction", fraction);
        double part = fraction == null ? 0.5 : fraction;
        OptionChecks.require(part > 0 && part < 1, "--eval-fraction", part, "between 0 and 1");
        OptionChecks.atLeast("--eval-every", every == null ? 1 : every, 1);
        OptionChecks.atLeast("--early-stopping-patience", patience == null ? 1 : patience, 1);
        if (prescribed && fraction != null) {
            throw new BadInputException(
                    "--token-ids prescribes the batches, so --eval-fraction has no say: leave it"
                            + " out.");
        }
        if (!isAsked()) {
            requireData("--eval-every", every);
            requireData("--early-stopping-patience", patience);
            requireData("--keep", kept);
        }
    }

    private static void requireData(String option, @Nullable Object value) {
        if (value != null) {
            throw new BadInputException(
                    option
                            + " needs data to measure on: give --eval-data or --eval-fraction, or"
                            + " leave it out.");
        }
    }

    boolean isAsked() {
        return data != null || fraction != null;
    }

    /** Returns the data to measure on, if it is data of its own. */
    @Nullable List<String> data() {
        return data;
    }

    /** Returns the part of the data to measure on; null if it is data of its own, or none. */
    @Nullable Double fraction() {
        return fraction;
    }

    /** Returns whether a training is measured after a step. */
    boolean isDue(long step) {
        return step % (every == null ? DEFAULT_EVERY : every) == 0;
    }

    /** Returns whether a training ends after so many evaluations without a better one. */
    boolean isOver(int since) {
        return patience != null && since >= patience;
    }

    boolean keepsBest() {
        return kept != Kept.LAST;
    }
}
