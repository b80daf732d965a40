package dev.ligature.cli;

import dev.ligature.models.training.TrainingReplica;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Objects;
import picocli.CommandLine;

/**
 * The command {@code train} for programs that have its gradients computed in other processes. All
 * of its options, files and messages are those of {@code ./ligature train}, and so are its numbers.
 */
public final class Training {
    private Training() {}

    /**
     * Runs the command. Ctrl-C ends the training after a step, as that of {@code ./ligature train},
     * and then the process.
     *
     * @param exchanges opens what computes gradients
     * @param args the options of {@code train}
     * @return what the process is to end with
     */
    public static int run(ExchangeSource exchanges, String... args) {
        Objects.requireNonNull(exchanges, "exchanges");
        return StopSignal.heed(stop -> Ligature.train(terminal(), stop, exchanges, args));
    }

    /**
     * Runs the command with gradients of this process.
     *
     * @param args the options of {@code train}
     * @return what the process is to end with
     */
    public static int run(String... args) {
        return StopSignal.heed(stop -> Ligature.train(terminal(), stop, null, args));
    }

    /**
     * Returns a copy of what the command trains, for another process. It reads the base model, and
     * an adapter that the training begins with, but no data.
     *
     * @param args the options of {@code train}; paths are those of this process
     * @throws IOException if a file is missing or damaged
     */
    public static TrainingReplica replica(String... args) throws IOException {
        Terminal silent =
                new Terminal(
                        OutputStream.nullOutputStream(), OutputStream.nullOutputStream(), false);
        TrainCommand command = new TrainCommand(silent, new StopSignal());
        CommandLine line = new CommandLine(command);
        Ligature.configure(line);
        line.parseArgs(args);
        return command.replica();
    }

    /** Returns the streams of a process that is more than the command. */
    private static Terminal terminal() {
        return new Terminal(System.out, System.err, Boolean.getBoolean("ligature.terminal"));
    }
}
