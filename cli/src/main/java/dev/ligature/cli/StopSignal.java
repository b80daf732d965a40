package dev.ligature.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * Ctrl-C and {@code kill}, turned into a request to finish.
 *
 * <p>A command that saves its work asks {@link #isRaised} between steps, after {@link #defer}. Any
 * other command is interrupted, which ends its file operations and lets it clean up. Either way the
 * process ends with exit code 130.
 */
final class StopSignal {
    static final int EXIT_CODE = 130;

    /** How long a command that does not defer the signal may take to clean up. */
    private static final long PATIENCE_SECONDS = 10;

    private final CountDownLatch done = new CountDownLatch(1);
    private final BooleanSupplier also;
    private boolean raised; // guarded by this
    private boolean deferred; // guarded by this
    private boolean expected; // guarded by this
    private int exitCode = EXIT_CODE; // guarded by this

    StopSignal() {
        this(() -> false);
    }

    /** Creates a signal that is also raised while something else asks for it. */
    StopSignal(BooleanSupplier also) {
        this.also = also;
    }

    /** Runs a command on the calling thread and ends the process with its exit code. */
    static void runProcess(Command command) {
        StopSignal stop = new StopSignal();
        int code = stop.run(command);
        if (stop.finish(code)) {
            System.exit(code);
        }
    }

    /**
     * Runs a command on the calling thread and returns its exit code. The process ends by itself if
     * there was a signal.
     */
    static int heed(Command command) {
        StopSignal stop = new StopSignal();
        int code = stop.run(command);
        stop.finish(code);
        return code;
    }

    private int run(Command command) {
        Thread main = Thread.currentThread();
        // The only way to hear of a signal that is no internal API of the JDK.
        Runtime.getRuntime().addShutdownHook(new Thread(() -> end(main), "stop-signal"));
        return command.run(this);
    }

    /** A command that heeds the signal. */
    interface Command {
        /** Runs and returns the exit code. */
        int run(StopSignal stop);
    }

    /** Returns whether the command is to finish. */
    synchronized boolean isRaised() {
        return raised || also.getAsBoolean();
    }

    /** Says that the command asks {@link #isRaised} from now on, and must not be interrupted. */
    synchronized void defer() {
        deferred = true;
    }

    /** Says, too, that the signal is how the command ends: its own exit code is the process's. */
    synchronized void expect() {
        deferred = true;
        expected = true;
    }

    /** Asks the command to finish, as a signal does. */
    synchronized void raise() {
        raised = true;
    }

    /** Takes note of the result; returns whether the process is still to be ended. */
    private synchronized boolean finish(int code) {
        if (raised && (code != 0 || expected)) {
            exitCode = code;
        }
        done.countDown();
        return !raised;
    }

    /** Runs when the process ends, for whatever reason. */
    private void end(Thread main) {
        boolean patient;
        synchronized (this) {
            if (done.getCount() == 0) {
                return; // the command has finished by itself
            }
            raised = true;
            patient = deferred;
            if (!patient) {
                main.interrupt();
            }
        }
        try {
            if (patient) {
                done.await();
            } else {
                done.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        int code;
        synchronized (this) {
            code = exitCode;
        }
        Runtime.getRuntime().halt(code);
    }
}
