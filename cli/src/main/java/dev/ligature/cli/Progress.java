package dev.ligature.cli;

import java.time.Duration;
import java.util.Locale;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/** Shows how far a command is: a bar for a person, a line now and then for a log. */
final class Progress implements AutoCloseable {
    private static final long LOG_EVERY_NANOS = 30_000_000_000L;

    private final Terminal terminal;
    private final String task;
    private final long steps;
    private final @Nullable ProgressBar bar;
    private final long begun = System.nanoTime();
    private final long before;
    private long done;
    private long logged = begun;

    /**
     * Creates a display.
     *
     * @param terminal where to show it
     * @param task what is done, in a word
     * @param steps how many steps it takes
     */
    Progress(Terminal terminal, String task, long steps) {
        this(terminal, task, steps, 0);
    }

    /**
     * Creates a display of something that was begun before.
     *
     * @param terminal where to show it
     * @param task what is done, in a word
     * @param steps how many steps it takes
     * @param before how many of them were done before
     */
    Progress(Terminal terminal, String task, long steps, long before) {
        this.before = before;
        this.done = before;
        this.terminal = terminal;
        this.task = task;
        this.steps = steps;
        this.bar =
                terminal.interactive()
                        ? new ProgressBarBuilder()
                                .setTaskName(task)
                                .setInitialMax(steps)
                                .startsFrom(before, Duration.ZERO)
                                .setStyle(ProgressBarStyle.ASCII)
                                .setConsumer(new ConsoleProgressBarConsumer(terminal.err()))
                                .build()
                        : null;
    }

    /**
     * Counts a step.
     *
     * @param state how it went, in a few words
     */
    void step(String state) {
        done++;
        if (bar != null) {
            bar.setExtraMessage(" " + state);
            bar.step();
        } else if (System.nanoTime() - logged > LOG_EVERY_NANOS) {
            logged = System.nanoTime();
            terminal.note(line(state, logged - begun));
        }
    }

    /** Returns a line for a log: how far it is, how it goes, and how long the rest takes. */
    String line(String state, long nanos) {
        double left = nanos / 1e9 / Math.max(1, done - before) * (steps - done);
        long minutes = Math.round(left / 60);
        String rest = left < 60 ? Math.round(left) + " s" : minutes + " min";
        return String.format(Locale.ROOT, "%s %d/%d: %s, %s left", task, done, steps, state, rest);
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
        }
    }
}
