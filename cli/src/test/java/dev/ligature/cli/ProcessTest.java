package dev.ligature.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What only a process of its own can show: exit codes, signals, and what goes to which stream. */
final class ProcessTest {
    private static final Path BASE = Cases.path("train-tied-adamw", "base");

    private static final Path DEMO = Path.of("../examples/demo/base");

    @TempDir Path folder;
    @TempDir Path streams;

    @Test
    void badInput_isOneLineAndExitCodeTwo() throws Exception {
        ChildProcess.start(
                        streams,
                        "logits",
                        "--model",
                        BASE,
                        "--input-ids",
                        "1,2,67",
                        "--output",
                        folder.resolve("l"))
                .end()
                .refused("ligature logits: --input-ids has token id 67", "0 to 66");

        assertEquals("", Cases.list(folder));
    }

    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "there are no signals to send")
    @ParameterizedTest
    @MethodSource("signals")
    void aSignalDuringTraining_savesTheAdapterSoFarAndExitsWith130(String signal) throws Exception {
        Path batches = Cases.batches(folder.resolve("b.safetensors"), 5, 50_000, 1, 3);
        Path output = folder.resolve("adapter");
        ChildProcess training =
                ChildProcess.start(
                        streams,
                        "train",
                        "--model",
                        BASE,
                        "--output",
                        output,
                        "--token-ids",
                        batches);
        training.await(() -> steps(folder.resolve("adapter.partial")) >= 2);
        training.signal(signal);
        CliRun run = training.end();

        assertEquals(130, run.exitCode(), run.err());
        assertEquals("", run.out());
        int steps = steps(output);
        assertTrue(steps >= 2 && steps < 50_000);
        assertTrue(run.err().contains("stopped after step " + steps + ";"), run.err());
        assertEquals("adapter b.safetensors", Cases.list(folder));
        CliRun.of("inspect", "--model", BASE, "--adapter", output).succeeded();
    }

    @Test
    void aTrainingThatIsKilled_leavesAWholeAdapterOrNone() throws Exception {
        Path batches = Cases.batches(folder.resolve("b.safetensors"), 5, 3, 1, 3);
        Random random = new Random(20261125);
        int kills = Boolean.getBoolean("ligature.soak") ? 50 : 1;
        for (int kill = 0; kill < kills; kill++) {
            Path output = folder.resolve("adapter" + kill);
            Path partial = folder.resolve("adapter" + kill + ".partial");
            ChildProcess training =
                    ChildProcess.start(
                            streams,
                            "train",
                            "--model",
                            BASE,
                            "--output",
                            output,
                            "--token-ids",
                            batches);
            training.await(() -> steps(partial) >= 2 || Files.exists(output));
            Thread.sleep(random.nextInt(60));
            training.kill();

            assertTrue(Files.exists(output) || Files.exists(partial));
            if (Files.exists(output)) {
                assertEquals(3, steps(output));
                CliRun.of("inspect", "--model", BASE, "--adapter", output).succeeded();
            } else {
                CliRun.of("train", "--model", BASE, "--output", output, "--token-ids", batches)
                        .refused("adapter" + kill + ".partial exists", "was killed. Remove it");
            }
        }
    }

    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "pipes end otherwise there")
    @Test
    void aReaderThatHasEnough_endsTheCommandWithoutAWord() throws Exception {
        List<String> line =
                ChildProcess.line(
                        "generate", "--model", DEMO, "--prompt", "the", "--max-new-tokens", 200);
        Process process = new ProcessBuilder(line).start();
        process.getInputStream().close();
        String err = new String(process.getErrorStream().readAllBytes(), UTF_8);

        assertEquals(141, process.waitFor(), err);
        assertEquals("", err);
    }

    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "arguments are UTF-16 there")
    @Test
    void anArgumentThatTheLocaleCannotSay_isRefused() throws Exception {
        // A shell hands the bytes on; this JVM might not be able to.
        String script = "exec \"$@\" --prompt \"$(printf 'caf\\303\\251')\"";
        List<String> line = new ArrayList<>(List.of("bash", "-c", script, "bash"));
        line.addAll(ChildProcess.line("generate", "--model", DEMO));
        for (String locale : List.of("C", "en_XX.UTF-8")) {
            ProcessBuilder builder = new ProcessBuilder(line);
            builder.environment().put("LC_ALL", locale);
            Process process = builder.start();
            String err = new String(process.getErrorStream().readAllBytes(), UTF_8);

            assertEquals(2, process.waitFor(), err);
            assertTrue(err.contains("Set LC_ALL=C.UTF-8"), err);
        }
    }

    /**
     * Returns Ctrl-C's signal and that of {@code kill}. A build that was started in the background
     * by a script ignores Ctrl-C, as do its children then: that is how shells keep it alive.
     */
    static List<String> signals() throws IOException {
        return ignoresCtrlC() ? List.of("TERM") : List.of("INT", "TERM");
    }

    private static boolean ignoresCtrlC() throws IOException {
        Path status = Path.of("/proc/self/status"); // Linux; elsewhere builds run in front
        if (!Files.exists(status)) {
            return false;
        }
        String ignored =
                Files.readAllLines(status).stream()
                        .filter(line -> line.startsWith("SigIgn:"))
                        .map(line -> line.substring("SigIgn:".length()).strip())
                        .findFirst()
                        .orElse("0");
        return (Long.parseUnsignedLong(ignored, 16) & 2) != 0; // SIGINT is signal 2, so bit 1
    }

    private static int steps(Path directory) {
        Path csv = directory.resolve("metrics.csv");
        try {
            return Files.exists(csv) ? Files.readAllLines(csv).size() - 1 : 0;
        } catch (NoSuchFileException e) {
            return 0; // it has just become part of the output
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
