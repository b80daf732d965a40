package dev.ligature.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Where a command writes: results to one stream, notes and progress to another. */
final class Terminal {
    private final Results results;
    private final PrintStream out;
    private final PrintStream err;
    private final boolean interactive;

    /**
     * Creates a terminal; text is written in UTF-8 whatever the locale says.
     *
     * @param out takes results
     * @param err takes notes, progress and errors
     * @param interactive whether a person watches {@code err}, so that a progress bar makes sense
     */
    Terminal(OutputStream out, OutputStream err, boolean interactive) {
        this.results = new Results(out);
        this.out = new PrintStream(results, false, StandardCharsets.UTF_8);
        this.err = new PrintStream(err, true, StandardCharsets.UTF_8);
        this.interactive = interactive;
    }

    /** Returns the streams of this process. */
    static Terminal ofProcess() {
        return new Terminal(
                new FileOutputStream(FileDescriptor.out),
                new FileOutputStream(FileDescriptor.err),
                Boolean.getBoolean("ligature.terminal"));
    }

    PrintStream out() {
        return out;
    }

    PrintStream err() {
        return err;
    }

    boolean interactive() {
        return interactive;
    }

    /** Writes a note for the person who watches. */
    void note(String text) {
        err.println(text);
    }

    /** Writes a piece of a text as it is made, unless the command is to stop. */
    void print(String piece, StopSignal stop) {
        if (stop.isRaised()) {
            throw new BadInputException("stopped"); // the exit code of the signal is used
        }
        out.print(piece);
        try {
            flush(); // or a closed pipe would go unnoticed until the end
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Makes sure that the results arrived, which a print stream itself does not say.
     *
     * @throws ClosedPipeException if the reader of the results has closed its end
     * @throws IOException if they cannot be written for another reason
     */
    void flush() throws IOException {
        out.flush();
        IOException failure = results.failure;
        if (failure != null) {
            String reason = String.valueOf(failure.getMessage());
            if (reason.contains("Broken pipe")) {
                throw new ClosedPipeException(failure);
            }
            throw new IOException("standard output cannot be written: " + reason + ".", failure);
        }
    }

    /** Keeps the first failure, which a print stream would swallow. */
    private static final class Results extends FilterOutputStream {
        private @Nullable IOException failure;

        Results(OutputStream out) {
            super(out);
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            try {
                out.write(bytes, offset, length);
            } catch (IOException e) {
                failure = failure == null ? e : failure;
                throw e;
            }
        }
    }
}
