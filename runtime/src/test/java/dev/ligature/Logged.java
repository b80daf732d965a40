package dev.ligature;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** What is written to the log, which is standard error in tests. */
public final class Logged {
    private Logged() {}

    /** What is run meanwhile. */
    public interface Action {
        void run() throws Exception;
    }

    /** Returns what an action logs. */
    public static String by(Action action) {
        PrintStream before = System.err;
        ByteArrayOutputStream log = new ByteArrayOutputStream();
        System.setErr(new PrintStream(log, true, StandardCharsets.UTF_8));
        try {
            action.run();
        } catch (Exception e) {
            throw new AssertionError(e);
        } finally {
            System.setErr(before);
        }
        return log.toString(StandardCharsets.UTF_8);
    }
}
