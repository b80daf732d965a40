package dev.ligature.benchmarks.compile;

import java.lang.management.ManagementFactory;

/** What is measured of a compilation. */
enum Clock {
    /** The time that passes. */
    WALL,
    /** The processor time of the thread, which other programs do not lengthen as much. */
    CPU;

    /**
     * Returns the clock that an option names.
     *
     * @throws IllegalArgumentException if there is none
     */
    static Clock named(String name) {
        return switch (name) {
            case "wall" -> WALL;
            case "cpu" -> CPU;
            default ->
                    throw new IllegalArgumentException(
                            "--clock needs wall or cpu, not '" + name + "'\n" + Settings.USAGE);
        };
    }

    /** Returns nanoseconds since some moment. */
    long nanos() {
        return switch (this) {
            case WALL -> System.nanoTime();
            case CPU -> ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
        };
    }
}
