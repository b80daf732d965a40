package dev.ligature.benchmarks.start;

import java.util.ArrayList;
import java.util.List;

/**
 * What a process does one after the other, and when each part ended. Times are those of {@link
 * System#nanoTime()}, which on Linux is the same clock in all processes.
 */
final class Phases {
    /** Before the name of each phase in what a process prints. */
    static final String MARK = "phase ";

    private final List<String> lines = new ArrayList<>();
    private long last;

    /**
     * Begins.
     *
     * @param begin when the process was started
     */
    Phases(long begin) {
        last = begin;
    }

    /** Ends a phase, which began where the one before it ended. */
    void end(String name) {
        long now = System.nanoTime();
        lines.add(MARK + (now - last) + " " + name);
        last = now;
    }

    /** Prints a line for each phase. */
    void print() {
        lines.forEach(System.out::println);
    }
}
