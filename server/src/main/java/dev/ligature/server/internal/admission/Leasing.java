package dev.ligature.server.internal.admission;

import java.util.concurrent.Executor;

/**
 * The threads that lease adapters. What is in memory is leased by threads of its own: those that
 * load adapters may wait for another machine.
 */
@FunctionalInterface
public interface Leasing extends Executor {
    /** Runs a task that may wait for as long as it takes to fetch an adapter. */
    default void load(Runnable task) {
        execute(task);
    }

    /** Interrupts what waits; tasks that have not begun run to their end in this thread. */
    default void interrupt() {}
}
