package dev.ligature.cli;

/** Says what is wrong with what the user gave: what, why, and what to do, in one line. */
final class BadInputException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    BadInputException(String message) {
        super(message);
    }
}
