package dev.ligature.server;

import static java.util.concurrent.TimeUnit.MINUTES;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ligature.server.settings.ServerLimits;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The server under load from another process, with a restart in between. */
final class ServerLoadTest {
    private static final boolean SOAK = Boolean.getBoolean("ligature.soak");
    private static final int CLIENTS = SOAK ? 16 : 4;
    private static final int REQUESTS = SOAK ? 1600 : 20; // of each client
    private static final int FURTHER = SOAK ? 37 : 9; // adapters besides those of the fixture

    /** Fewer adapters than there are, so that they come and go; more than are in use at once. */
    private static final int ROOM = SOAK ? 28 : 9;

    /** What the process may grow by, in MiB; one that leaks a few KiB a request grows by more. */
    private static final long GROWTH = 40;

    private static final ServerLimits LIMITS = new ServerLimits(6, 500, 500, 10_000, 120, 60);

    @TempDir Path adapters;
    @TempDir Path streams;

    private Process client;

    @AfterEach
    void stopClient() {
        if (client != null) {
            client.destroyForcibly(); // after a failure it would go on asking
        }
    }

    @Test
    void underLoad_everyAnswerIsRight_andNothingIsLeftAfterwards() throws Exception {
        int eighth = CLIENTS * REQUESTS / 8;
        try (ServerFixture fixture =
                new ServerFixture(adapters, LIMITS, ROOM * ServerFixture.ADAPTER_BYTES)) {
            for (int i = 0; i < FURTHER; i++) {
                fixture.writeAdapter(LoadClient.further(i));
            }
            int port = fixture.server().port();
            int arrays = fixture.liveArrays();
            client = start(port);
            ServerFixture.await(() -> out().contains("ready"));
            List<String> threads = threads();
            long done = fixture.metric("ligature_responses_total{status=\"200\"}");
            ServerFixture.await(() -> responses(fixture) > done + eighth || !client.isAlive());
            fixture.server().stop();
            fixture.start(port, LIMITS);
            fixture.http().complete(HttpCalls.greedy("beta", "int", 1)); // so that there is a count
            ServerFixture.await(() -> responses(fixture) > eighth || !client.isAlive());
            long warm = residentMebibytes();

            boolean ended = client.waitFor(SOAK ? 20 : 2, MINUTES);
            assertTrue(ended, "the clients are stuck: " + out());
            assertEquals(0, client.exitValue(), out());
            String counts = out().lines().reduce((a, b) -> b).orElse("");
            System.out.println(counts);
            long grown = residentMebibytes() - warm;
            System.out.println("server: " + warm + " MiB resident when warm, " + grown + " more");
            // A heap that may grow does so, and tells nothing about what is lost outside of it.
            assertTrue(!SOAK || grown < GROWTH, warm + " MiB grew by " + grown);
            for (String kind : List.of("whole", "streamed", "400", "404", "413")) {
                assertTrue(counts.contains(kind + "="), counts);
            }
            fixture.awaitIdle();
            assertEquals(
                    fixture.alone("beta", "int", 5),
                    HttpCalls.text(
                            fixture.http().complete(HttpCalls.greedy("beta", "int", 5)).body()));
            assertEquals(threads, threads(), "a thread is left, or gone");
            assertTrue(fixture.store().statistics().evictions() > 0, "no adapter came and went");
            fixture.store().close();
            assertEquals(arrays, fixture.liveArrays(), "of a server that runs and is idle");
        }
    }

    private Process start(int port) throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        LoadClient.class.getName(),
                        Integer.toString(port),
                        Integer.toString(CLIENTS),
                        Integer.toString(REQUESTS),
                        Integer.toString(FURTHER),
                        "17")
                .redirectErrorStream(true)
                .redirectOutput(streams.resolve("out.txt").toFile())
                .start();
    }

    private String out() {
        try {
            return Files.readString(streams.resolve("out.txt"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static long responses(ServerFixture fixture) {
        try {
            return fixture.metric("ligature_responses_total{status=\"200\"}");
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    /** Returns what this process has in memory, in MiB; 0 where the system does not tell. */
    private static long residentMebibytes() throws IOException {
        Path status = Path.of("/proc/self/status");
        if (!Files.exists(status)) {
            return 0;
        }
        try (Stream<String> lines = Files.lines(status)) {
            return lines.filter(line -> line.startsWith("VmRSS:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) / 1024)
                    .findFirst()
                    .orElse(0);
        }
    }

    /** Returns the threads of the server, by what they are for. */
    private static List<String> threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> name.startsWith("vert.x-eventloop") || name.equals("batch"))
                .sorted()
                .toList();
    }
}
