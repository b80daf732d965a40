package dev.ligature.cli.browser;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Chromium, as tests start it. {@code .ci/run} installs it; elsewhere, where there is none, what
 * needs it is skipped.
 */
public final class Chromium {
    private static final List<String> NAMES =
            List.of("chromium", "chromium-browser", "google-chrome", "chrome");
    private static final int PATIENCE_SECONDS = 90;

    private Chromium() {}

    private static Path program() {
        Optional<Path> found =
                Arrays.stream(System.getenv("PATH").split(File.pathSeparator, -1))
                        .flatMap(path -> NAMES.stream().map(name -> Path.of(path, name)))
                        .filter(Files::isExecutable)
                        .findFirst();
        String reason = "SKIPPED: there is no Chromium in the PATH: apt-get install chromium";
        if (found.isEmpty()) {
            System.err.println(reason);
        }
        assumeTrue(found.isPresent(), reason);
        return found.orElseThrow();
    }

    /** Returns a command that starts it without a window. */
    private static List<String> command(Path profile, List<String> options) {
        List<String> line = new ArrayList<>(List.of(program().toString()));
        line.addAll(
                List.of(
                        "--headless",
                        "--no-sandbox",
                        "--disable-gpu",
                        "--disable-dev-shm-usage",
                        "--hide-scrollbars",
                        "--enable-logging=stderr",
                        "--user-data-dir=" + profile));
        line.addAll(options);
        return line;
    }

    /**
     * Opens an address, and returns the page as it is when nothing more happens; an error if the
     * page has written to the console.
     *
     * @param folder for files of its own
     */
    public static String dump(Path folder, String address, String... options) throws Exception {
        Path out = folder.resolve("out.txt");
        Path err = folder.resolve("err.txt");
        List<String> all = new ArrayList<>(List.of(options));
        all.addAll(List.of("--virtual-time-budget=10000", "--dump-dom", address));
        Process process =
                new ProcessBuilder(command(folder.resolve("profile"), all))
                        .redirectOutput(out.toFile())
                        .redirectError(err.toFile())
                        .start();
        boolean ended = process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS);
        end(process);
        String errors = Files.readString(err);
        assertTrue(ended, errors);
        assertTrue(!errors.contains("CONSOLE"), errors);
        return Files.readString(out);
    }

    /**
     * Opens a tab, to be closed.
     *
     * @param folder for files of its own
     */
    public static Tab open(Path folder) throws Exception {
        Path profile = Files.createDirectories(folder.resolve("profile"));
        Path err = folder.resolve("err.txt");
        Process process =
                new ProcessBuilder(
                                command(
                                        profile,
                                        List.of("--remote-debugging-port=0", "about:blank")))
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .redirectError(err.toFile())
                        .start();
        Path port = profile.resolve("DevToolsActivePort"); // which it writes
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (!Files.exists(port) || Files.readString(port).lines().count() < 2) {
            if (System.nanoTime() > end || !process.isAlive()) {
                end(process);
                throw new AssertionError(Files.readString(err));
            }
            Thread.sleep(50);
        }
        String number = Files.readString(port).lines().findFirst().orElseThrow();
        return Tab.connect(Integer.parseInt(number), () -> end(process));
    }

    private static void end(Process process) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }

    /** Returns what must hold of the texts of any page, as a script. */
    public static String checks() throws IOException {
        try (InputStream script = Chromium.class.getResourceAsStream("checks.js")) {
            return new String(Objects.requireNonNull(script).readAllBytes(), UTF_8);
        }
    }
}
