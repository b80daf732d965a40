package dev.ligature.cli;

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

    static void require(boolean holds, String option, Object value, String wanted) {
        if (!holds) {
            throw new BadInputException(option + " is " + value + "; it must be " + wanted + ".");
        }
    }
}
