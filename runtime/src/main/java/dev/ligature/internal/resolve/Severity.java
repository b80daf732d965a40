package dev.ligature.internal.resolve;

/**
 * How serious a problem is. Resolution is strict where an adapter is created, unless {@code
 * allowUnmatched} is set, and lenient where one is loaded: PEFT itself saves entries that have no
 * effect.
 */
enum Severity {
    /** The configuration does not fit the model. */
    ERROR,

    /** An error if strict; of no interest if lenient. */
    ERROR_IF_STRICT,

    /** An entry has no effect: an error if strict, a warning if lenient. */
    ERROR_OR_WARNING,

    /** Doubtful, but allowed. */
    WARNING,

    /** Doubtful in an adapter that PEFT trained; of no interest if strict. */
    WARNING_IF_LENIENT;

    boolean isError(boolean strict) {
        return this == ERROR || (strict && (this == ERROR_IF_STRICT || this == ERROR_OR_WARNING));
    }

    boolean isWarning(boolean strict) {
        return this == WARNING
                || (!strict && (this == ERROR_OR_WARNING || this == WARNING_IF_LENIENT));
    }
}
