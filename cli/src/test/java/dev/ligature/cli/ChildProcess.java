package dev.ligature.cli;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BooleanSupplier;

/** The command line in a process of its own, as the launcher starts it. */
final class ChildProcess {
    private static final int PATIENCE_SECONDS = 60;

    private final Process process;
    private final Path out;
    private final Path err;

    private ChildProcess(Process process, Path out, Path err) {
        this.process = process;
        this.out = out;
        this.err = err;
    }

    /**
     * Starts a command.
     *
     * @param folder takes what it prints
     * @param args the command and its options
     */
    static ChildProcess start(Path folder, Object... args) throws IOException {
        Path out = folder.resolve("out.txt");
        Path err = folder.resolve("err.txt");
        ProcessBuilder builder = new ProcessBuilder(line(args));
        builder.redirectOutput(out.toFile()).redirectError(err.toFile());
        return new ChildProcess(builder.start(), out, err);
    }

    /** Returns the command and its options as the operating system is given them. */
    static List<String> line(Object... args) {
        List<String> line =
                new ArrayList<>(
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "--enable-native-access=ALL-UNNAMED",
                                "-XX:TieredStopAtLevel=1",
                                "-Dai.djl.offline=true"));
        List<String> texts = Arrays.stream(args).map(Object::toString).toList();
        texts.stream().filter(ChildProcess::isOfJava).forEach(line::add);
        line.addAll(
                List.of("-cp", System.getProperty("java.class.path"), Ligature.class.getName()));
        texts.stream().filter(text -> !isOfJava(text)).forEach(line::add);
        return line;
    }

    private static boolean isOfJava(String text) {
        return text.startsWith("-D") || text.startsWith("-X");
    }

    /** Waits until something holds, while the process lives. */
    void await(BooleanSupplier condition) throws InterruptedException, IOException {
        long end = System.nanoTime() + SECONDS.toNanos(PATIENCE_SECONDS);
        while (!condition.getAsBoolean()) {
            assertTrue(process.isAlive() && System.nanoTime() < end, Files.readString(err));
            Thread.sleep(10);
        }
    }

    /** Sends SIGINT, as Ctrl-C does, or SIGTERM. */
    void signal(String name) throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
    }

    /** Ends the process at once, as a lack of memory or a power failure does. */
    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /** Waits for the end and returns what the process did. */
    CliRun end() throws InterruptedException, IOException {
        boolean ended = process.waitFor(PATIENCE_SECONDS, SECONDS);
        if (!ended) {
            process.destroyForcibly();
        }
        assertTrue(ended, "still running");
        return new CliRun(
                process.exitValue(),
                Files.readString(out, StandardCharsets.UTF_8),
                Files.readString(err, StandardCharsets.UTF_8));
    }
}
