package dev.ligature.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/** The command line, {@code ligature}. */
@Command(
        name = "ligature",
        description = "LoRA adapters for language models, in PEFT's file format.",
        synopsisSubcommandLabel = "COMMAND",
        footer = {
            "",
            "ligature COMMAND --help tells what a command takes.",
            "Exit codes: 0 done, 2 bad input, 130 stopped by Ctrl-C, 1 an error of ligature itself."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
public final class Ligature implements Runnable {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Option(
            names = "--debug",
            scope = ScopeType.INHERIT,
            description = "Print the stack trace of an error.")
    private boolean debug;

    private Ligature() {}

    /**
     * Runs a command and ends the process.
     *
     * @param args the command and its options
     */
    public static void main(String[] args) {
        System.setErr(new LogOutput(new FileOutputStream(FileDescriptor.err)));
        StopSignal.runProcess(
                stop -> {
                    Terminal terminal = Terminal.ofProcess();
                    String encoding = System.getProperty("sun.jnu.encoding", "UTF-8");
                    if (!encoding.equals("UTF-8") && String.join("", args).contains("\uFFFD")) {
                        terminal.note(
                                "ligature: an argument has characters that "
                                        + encoding
                                        + ", the encoding of this locale, does not have. Set"
                                        + " LC_ALL=C.UTF-8, or start the script ligature.");
                        return Failure.BAD_INPUT;
                    }
                    return run(terminal, stop, args);
                });
    }

    /** Runs a command and returns its exit code. */
    static int run(Terminal terminal, StopSignal stop, String... args) {
        Ligature ligature = new Ligature();
        CommandLine line = new CommandLine(ligature);
        line.addSubcommand(new InspectCommand(terminal));
        line.addSubcommand(new LogitsCommand(terminal));
        line.addSubcommand(new EmbedCommand(terminal));
        line.addSubcommand(new TrainCommand(terminal, stop));
        line.addSubcommand(new EvaluateCommand(terminal));
        line.addSubcommand(new CompareCommand(terminal));
        line.addSubcommand(new GenerateCommand(terminal, stop));
        line.addSubcommand(new ChatCommand(terminal, stop));
        line.addSubcommand(new ServeCommand(terminal, stop));
        line.addSubcommand(new MergeCommand(terminal));
        line.addSubcommand(new ImportOnnxCommand(terminal));
        line.addSubcommand(new PretrainCommand(terminal, stop));
        line.addSubcommand(
                new CommandLine(new DemoCommand(terminal, stop))
                        .addSubcommand(
                                "text",
                                new CommandLine(new DemoCommand(terminal, stop))
                                        .setCommandName("text"))
                        .addSubcommand(new DemoEmbeddingsCommand(terminal, stop)));
        return ligature.execute(line, terminal, stop, args);
    }

    /** Runs the command {@code train} and returns its exit code. */
    static int train(
            Terminal terminal,
            StopSignal stop,
            @Nullable ExchangeSource exchanges,
            String... args) {
        Ligature ligature = new Ligature();
        CommandLine line = new CommandLine(ligature);
        line.addSubcommand(new TrainCommand(terminal, stop, exchanges));
        return ligature.execute(
                line,
                terminal,
                stop,
                Stream.concat(Stream.of("train"), Stream.of(args)).toArray(String[]::new));
    }

    /** Has a line understand arguments as all commands do. */
    static void configure(CommandLine line) {
        line.setCaseInsensitiveEnumValuesAllowed(true);
        // Else "--data a --typo" would look for a file of that name.
        line.setUnmatchedOptionsAllowedAsOptionParameters(false);
    }

    private int execute(CommandLine line, Terminal terminal, StopSignal stop, String... args) {
        configure(line);
        PrintWriter out = new PrintWriter(terminal.out(), true, StandardCharsets.UTF_8);
        line.setOut(out);
        line.setErr(new PrintWriter(terminal.err(), true, StandardCharsets.UTF_8));
        line.setParameterExceptionHandler((e, ignored) -> wrongUse(terminal, e));
        line.setExecutionExceptionHandler(
                (e, at, ignored) -> failed(terminal, stop, at.getCommandSpec(), e));
        try {
            int code = line.execute(args);
            out.flush();
            terminal.flush();
            return code;
        } catch (IOException | Error e) { // picocli hands exceptions of commands to its handlers
            return failed(terminal, stop, line.getCommandSpec(), e);
        }
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "Name a command");
    }

    private int wrongUse(Terminal terminal, ParameterException e) {
        String command = e.getCommandLine().getCommandSpec().qualifiedName();
        String hint = " (" + command + " --help tells what it takes)";
        ParameterException cause = unknownFirst(e);
        String message = cause.getMessage() == null ? e.toString() : cause.getMessage();
        if (cause instanceof UnmatchedArgumentException unknown && unknown.isUnknownOption()) {
            List<String> near = unknown.getSuggestions();
            message += near.isEmpty() ? "" : "; did you mean " + near.get(0) + "?"; // nearest first
        }
        // picocli's own word for it, in some of its messages
        Failure failure = Failure.badInput(message.replaceFirst("^Error: ", "") + hint);
        return report(terminal, command, failure, e);
    }

    /** An option that does not exist explains why another one is missing, so it is named first. */
    private static ParameterException unknownFirst(ParameterException e) {
        List<String> unmatched =
                e.getCommandLine().getUnmatchedArguments().stream()
                        .filter(argument -> argument.startsWith("-"))
                        .toList();
        return e instanceof MissingParameterException && !unmatched.isEmpty()
                ? new UnmatchedArgumentException(e.getCommandLine(), unmatched)
                : e;
    }

    private int failed(Terminal terminal, StopSignal stop, CommandSpec at, Throwable e) {
        if (stop.isRaised()) {
            return StopSignal.EXIT_CODE; // whatever the interruption caused
        }
        if (e instanceof ClosedPipeException) {
            return ClosedPipeException.EXIT_CODE; // the reader has all that it wants
        }
        return report(terminal, at.qualifiedName(), Failure.of(e), e);
    }

    private int report(Terminal terminal, String command, Failure failure, Throwable thrown) {
        terminal.err().println(command + ": " + failure.line());
        if (debug) {
            thrown.printStackTrace(terminal.err());
        }
        return failure.exitCode();
    }
}
