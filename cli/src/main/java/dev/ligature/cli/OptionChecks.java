package dev.ligature.cli;

import org.jspecify.annotations.Nullable;

/** Says of an option's value that it cannot be. */
final class OptionChecks {
    private OptionChecks() {}

    static void atLeast(String option, long value, long least) {
        require(value >= least, option, value, "at least " + least);
    }

    static void positive(String option, double value) {
        require(value > 0 && Double.isFinite(value), option, value, "greater than 0");
    }

    static void notNegative(String option, double value) {
        require(value >= 0 && Double.isFinite(value), option, value, "0 or greater");
    }

    /** Says of two options of which one is enough that both are given. */
    static void notBoth(
            String option, @Nullable Object value, String other, @Nullable Object ofOther) {
        if (value != null && ofOther != null) {
            throw new BadInputException(
                    option + " and " + other + " say the same: leave one of them out.");
        }
    }

    static void require(boolean holds, String option, Object value, String wanted) {
        if (!holds) {
            throw new BadInputException(option + " is " + value + "; it must be " + wanted + ".");
        }
    }
}
