package dev.ligature.cli;

import java.io.IOException;

/** Whoever reads the standard output of the process has closed it, as {@code head} does. */
final class ClosedPipeException extends IOException {
    /** The exit code of a process that a shell sees end by SIGPIPE. */
    static final int EXIT_CODE = 141;

    private static final long serialVersionUID = 1L;

    ClosedPipeException(IOException cause) {
        super("standard output was closed", cause);
    }
}
