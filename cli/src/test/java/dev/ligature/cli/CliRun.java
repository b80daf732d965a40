package dev.ligature.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/**
 * What a command did.
 *
 * @param exitCode its exit code
 * @param out what it printed to standard output
 * @param err what it printed to standard error
 */
record CliRun(int exitCode, String out, String err) {
    /** Runs a command in this process. */
    static CliRun of(Object... args) {
        return with(new StopSignal(), args);
    }

    /** Runs a command in this process that hears of the given signal. */
    static CliRun with(StopSignal stop, Object... args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Terminal terminal =
                new Terminal(
                        new PrintStream(out, true, StandardCharsets.UTF_8),
                        new PrintStream(err, true, StandardCharsets.UTF_8),
                        false);
        String[] texts = Arrays.stream(args).map(Object::toString).toArray(String[]::new);
        int code = Ligature.run(terminal, stop, texts);
        return new CliRun(
                code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    /** Asserts that it succeeded. */
    CliRun succeeded() {
        assertEquals(0, exitCode, err);
        return this;
    }

    /**
     * Asserts that it ended as bad input does: exit code 2, no result, and one line that says all
     * of the given things.
     */
    void refused(String... parts) {
        assertEquals(2, exitCode, err);
        assertEquals("", out);
        List<String> lines = err.lines().toList();
        assertEquals(1, lines.size(), err);
        for (String part : parts) {
            assertTrue(err.contains(part), () -> "'" + part + "' is not in: " + err);
        }
    }
}
