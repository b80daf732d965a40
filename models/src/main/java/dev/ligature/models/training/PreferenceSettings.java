package dev.ligature.models.training;

import dev.ligature.models.internal.ModelMessage;
import java.util.Locale;

/**
 * How an adapter learns from preferences.
 *
 * @param beta β, how far it may go from the model without it: the larger, the less
 * @param smoothing how probable it is that a preference is the wrong way round, below 0.5; for the
 *     sigmoid loss only
 * @param loss what is computed of the two texts of a pair
 */
public record PreferenceSettings(double beta, double smoothing, Kind loss) {
    /** β of 0.1, no smoothing and the sigmoid loss. */
    public static final PreferenceSettings DEFAULT = new PreferenceSettings(0.1, 0, Kind.SIGMOID);

    /** The losses. */
    public enum Kind {
        /** That of DPO (Rafailov et al., "Direct Preference Optimization", 2023). */
        SIGMOID,

        /**
         * That of IPO (Azar et al., "A General Theoretical Paradigm", 2023), with means over the
         * tokens of a text for sums, as in TRL.
         */
        IPO;

        /** Returns the word for it. */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Checks the ranges. */
    public PreferenceSettings {
        if (!(beta > 0 && beta < Double.POSITIVE_INFINITY)) {
            throw ModelMessage.PREFERENCE.error(
                    "beta", beta, "a number greater than 0, such as 0.1");
        }
        if (!(smoothing >= 0 && smoothing < 0.5) || (smoothing > 0 && loss != Kind.SIGMOID)) {
            throw ModelMessage.PREFERENCE.error(
                    "the label smoothing",
                    smoothing,
                    loss == Kind.SIGMOID ? "from 0 to less than 0.5" : "0 with the loss " + loss);
        }
    }

    /** Returns the loss of a pair, by the difference δ of its two log ratios. */
    double value(double delta) {
        if (loss == Kind.IPO) {
            double off = delta - 1 / (2 * beta);
            return off * off;
        }
        double score = beta * delta;
        return -(1 - smoothing) * logSigmoid(score) - smoothing * logSigmoid(-score);
    }

    /** Returns the derivative of {@link #value}. */
    double slope(double delta) {
        if (loss == Kind.IPO) {
            return 2 * (delta - 1 / (2 * beta));
        }
        double score = beta * delta;
        return beta
                * (smoothing * Math.exp(logSigmoid(score))
                        - (1 - smoothing) * Math.exp(logSigmoid(-score)));
    }

    private static double logSigmoid(double x) {
        return Math.min(x, 0) - Math.log1p(Math.exp(-Math.abs(x)));
    }
}
