package dev.ligature.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import dev.ligature.server.settings.ServerAccess;
import dev.ligature.server.settings.ServerCache;
import dev.ligature.server.settings.ServerLimits;
import dev.ligature.store.StoreStatistics;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tenants with keys and adapters of their own, far more adapters than there is memory for, and
 * texts of all lengths: everyone is answered, and all counters add up.
 */
final class ManyTenantsTest {
    private static final boolean SOAK = Boolean.getBoolean("ligature.soak");
    private static final int ADAPTERS = SOAK ? 2000 : 40;
    private static final int ROOM = SOAK ? 100 : 20; // adapters in memory
    private static final int REQUESTS = SOAK ? 10_000 : 150;
    private static final int CLIENTS = SOAK ? 64 : 24;
    private static final int TENANTS = 10;
    private static final int EACH = ADAPTERS / TENANTS; // adapters of a tenant
    private static final int BATCH = 16;
    private static final long GROWTH = 40; // MiB

    /** Full of kept prefixes long before memory is first looked at. */
    private static final ServerCache CACHE = new ServerCache(512, 16L << 20, true);

    private static final int[] LENGTHS =
            SOAK
                    ? new int[] {1, 4, 30, 120, 300}
                    : new int[] {1, 4, 30}; // repetitions of a short text
    private static final int[] TOKENS = {1, 6, 24};

    @TempDir Path adapters;
    @TempDir Path files;

    private final AtomicInteger sent = new AtomicInteger();
    private final AtomicLong promptTokens = new AtomicLong();
    private final AtomicLong newTokens = new AtomicLong();
    private final Map<Integer, AtomicInteger> statuses = new ConcurrentHashMap<>();
    private final Map<String, String> answers = new ConcurrentHashMap<>();
    private final long[] nanos = new long[REQUESTS];
    private final AtomicInteger ended = new AtomicInteger();
    private final AtomicInteger mostMeanwhile = new AtomicInteger(); // that ended while one waited
    private final AtomicLong warm = new AtomicLong();

    private static String adapter(int i) {
        return "adapter-" + i;
    }

    private static String prompt(int length) {
        return "val x = ".repeat(length);
    }

    private static String sha256(String key) throws Exception {
        return HexFormat.of()
                .formatHex(
                        MessageDigest.getInstance("SHA-256")
                                .digest(key.getBytes(StandardCharsets.UTF_8)));
    }

    /** Each tenant may use every tenth adapter. */
    private Path keys() throws Exception {
        List<String> entries = new ArrayList<>();
        for (int tenant = 0; tenant < TENANTS; tenant++) {
            int first = tenant;
            String models =
                    IntStream.range(0, ADAPTERS)
                            .filter(i -> i % TENANTS == first)
                            .mapToObj(i -> '"' + adapter(i) + '"')
                            .collect(Collectors.joining(","));
            entries.add(
                    String.format(
                            Locale.ROOT,
                            "\"tenant-%d\":{\"sha256\":\"%s\",\"models\":[%s]}",
                            tenant,
                            sha256("key-" + tenant),
                            models));
        }
        entries.add("\"operator\":{\"sha256\":\"" + sha256("operator") + "\",\"admin\":true}");
        return Files.writeString(files.resolve("keys.json"), "{" + String.join(",", entries) + "}");
    }

    /** Writes a few adapters, and copies of them under the other names. */
    private void writeAdapters(ServerFixture fixture) throws IOException {
        int different = Math.min(ADAPTERS, 40);
        for (int i = 0; i < different; i++) {
            fixture.writeAdapter(adapter(i));
        }
        for (int i = different; i < ADAPTERS; i++) {
            Path folder = Files.createDirectory(adapters.resolve(adapter(i)));
            try (Stream<Path> list = Files.list(adapters.resolve(adapter(i % different)))) {
                for (Path file : list.toList()) {
                    Files.copy(file, folder.resolve(file.getFileName()));
                }
            }
        }
    }

    @Test
    void everyoneIsAnswered_andTheCountersAddUp() throws Exception {
        ServerAccess access = new ServerAccess(keys(), files.resolve("audit.log"), null, null);
        ServerLimits limits = new ServerLimits(BATCH, 1000, 100, 100_000, 120, 60).withCache(CACHE);
        try (ServerFixture fixture =
                new ServerFixture(adapters, limits, ROOM * ServerFixture.ADAPTER_BYTES, access)) {
            writeAdapters(fixture);
            int arrays = fixture.liveArrays();
            run(fixture);
            StoreStatistics store = idle(fixture);

            long[] sorted = nanos.clone();
            Arrays.sort(sorted);
            System.out.printf(
                    Locale.ROOT,
                    "tenants: %s, %d prompt tokens, %d new ones, %s%n",
                    statuses,
                    promptTokens.get(),
                    newTokens.get(),
                    store);
            System.out.printf(
                    Locale.ROOT,
                    "tenants: answered after %.2f s (half of them), %.2f s (99 of 100), %.2f s"
                            + " (all), and at most %d others meanwhile; %d MiB resident when warm,"
                            + " %d more%n",
                    sorted[REQUESTS / 2] / 1e9,
                    sorted[REQUESTS * 99 / 100] / 1e9,
                    sorted[REQUESTS - 1] / 1e9,
                    mostMeanwhile.get(),
                    warm.get(),
                    residentMebibytes() - warm.get());
            assertEquals(List.of(200, 401, 404), statuses.keySet().stream().sorted().toList());
            assertCounters(fixture);
            assertEquals(store.loads(), store.residentCount() + store.evictions());
            assertTrue(store.evictions() > ADAPTERS / 4, "" + store);
            assertTrue(store.residentBytes() <= store.budgetBytes(), "" + store);
            assertTrue(!SOAK || residentMebibytes() - warm.get() < GROWTH, "memory grows");
            assertAlone(fixture);
            fixture.store().close();
            assertEquals(arrays, fixture.liveArrays());
        }
    }

    private void run(ServerFixture fixture) throws Exception {
        ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
        try {
            List<Future<?>> all = new ArrayList<>();
            for (int client = 0; client < CLIENTS; client++) {
                Random random = new Random(client);
                all.add(
                        clients.submit(
                                () -> {
                                    int i = sent.getAndIncrement();
                                    while (i < REQUESTS) {
                                        ask(fixture, random, i);
                                        i = sent.getAndIncrement();
                                    }
                                    return null;
                                }));
            }
            for (Future<?> each : all) {
                each.get();
            }
        } finally {
            clients.shutdownNow();
        }
    }

    /** Sends a request of a tenant; one of twenty for what is another's, or with a wrong key. */
    private void ask(ServerFixture fixture, Random random, int i) throws Exception {
        int tenant = random.nextInt(TENANTS);
        int kind = random.nextInt(20);
        // Few adapters get most of the requests, as with tenants.
        int popular = (int) (EACH * Math.pow(random.nextDouble(), 3));
        int owner = kind == 0 ? (tenant + 1) % TENANTS : tenant;
        String model = adapter(popular * TENANTS + owner);
        int length = LENGTHS[random.nextInt(LENGTHS.length)];
        int tokens = TOKENS[random.nextInt(TOKENS.length)];
        int endedBefore = ended.get();
        long begin = System.nanoTime();
        HttpResponse<String> response =
                fixture.http()
                        .send(
                                fixture.http()
                                        .post(HttpCalls.greedy(model, prompt(length), tokens))
                                        .header(
                                                "authorization",
                                                "Bearer " + (kind == 1 ? "none" : "key-" + tenant))
                                        .build());
        nanos[i] = System.nanoTime() - begin;
        int meanwhile = ended.getAndIncrement() - endedBefore;
        mostMeanwhile.accumulateAndGet(meanwhile, Math::max);
        int expected = kind == 0 ? 404 : kind == 1 ? 401 : 200;
        assertEquals(expected, response.statusCode(), response.body());
        statuses.computeIfAbsent(expected, status -> new AtomicInteger()).incrementAndGet();
        if (expected == 200) {
            JsonObject usage = HttpCalls.json(response.body()).getAsJsonObject("usage");
            promptTokens.addAndGet(usage.get("prompt_tokens").getAsLong());
            newTokens.addAndGet(usage.get("completion_tokens").getAsLong());
            String text = HttpCalls.text(response.body());
            String before = answers.putIfAbsent(model + " " + length + " " + tokens, text);
            assertTrue(before == null || before.equals(text), "another answer by " + model);
        }
        if (i == REQUESTS / 4) {
            warm.set(residentMebibytes());
        }
    }

    private long metric(ServerFixture fixture, String name) throws Exception {
        HttpResponse<String> metrics =
                HttpClient.newHttpClient()
                        .send(
                                HttpRequest.newBuilder(fixture.http().uri("/metrics"))
                                        .header("authorization", "Bearer operator")
                                        .build(),
                                BodyHandlers.ofString());
        return metrics.body()
                .lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToLong(line -> (long) Double.parseDouble(line.substring(name.length() + 1)))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no metric " + name));
    }

    private StoreStatistics idle(ServerFixture fixture) {
        try {
            ServerFixture.await(() -> fixture.store().statistics().leasedCount() == 0);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        return fixture.store().statistics();
    }

    private void assertCounters(ServerFixture fixture) throws Exception {
        assertEquals(0, metric(fixture, "ligature_rows"));
        assertEquals(0, metric(fixture, "ligature_waiting"));
        assertEquals(
                promptTokens.get(), metric(fixture, "ligature_prompt_tokens_total"), "prompts");
        assertEquals(newTokens.get(), metric(fixture, "ligature_new_tokens_total"), "new");
        for (int status : List.of(200, 404)) { // who has no key is not counted
            String name = "ligature_responses_total{status=\"" + status + "\"}";
            assertEquals(statuses.get(status).get(), metric(fixture, name), name);
        }
        assertEquals(REQUESTS, statuses.values().stream().mapToInt(AtomicInteger::get).sum());
        StoreStatistics store = fixture.store().statistics();
        assertEquals(
                statuses.get(200).get(), store.hits() + store.misses(), "a lease for each answer");
        try (Stream<String> lines = Files.lines(files.resolve("audit.log"))) {
            assertEquals(
                    REQUESTS,
                    lines.filter(line -> line.contains("\"/v1/completions\"")).count(),
                    "lines of the audit log");
        }
    }

    /** Compares some of the answers with those of the model alone. */
    private void assertAlone(ServerFixture fixture) throws IOException {
        for (String asked : answers.keySet().stream().sorted().limit(20).toList()) {
            String[] parts = asked.split(" ", -1);
            assertEquals(
                    fixture.alone(
                            parts[0],
                            prompt(Integer.parseInt(parts[1])),
                            Integer.parseInt(parts[2])),
                    answers.get(asked),
                    asked);
        }
    }

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
}
