package dev.ligature.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * Where a command writes: results to one stream, notes and progress to another.
 *
 * @param out takes results
 * @param err takes notes, progress and errors
 * @param interactive whether a person watches {@code err}, so that a progress bar makes sense
 */
record Terminal(PrintStream out, PrintStream err, boolean interactive) {
    /** Returns the streams of this process, in UTF-8 whatever the locale says. */
    static Terminal ofProcess() {
        return new Terminal(
                new PrintStream(
                        new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8),
                new PrintStream(
                        new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8),
                Boolean.getBoolean("ligature.terminal"));
    }

    /** Writes a note for the person who watches. */
    void note(String text) {
        err.println(text);
    }

    /**
     * Makes sure that the results arrived.
     *
     * @throws IOException if they did not, which a print stream itself does not say
     */
    void flush() throws IOException {
        if (out.checkError()) {
            throw new IOException(
                    "standard output cannot be written: it was closed, or the disk is full.");
        }
    }
}
