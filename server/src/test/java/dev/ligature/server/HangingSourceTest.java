package dev.ligature.server;

import static dev.ligature.server.HttpCalls.error;
import static dev.ligature.server.HttpCalls.greedy;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ligature.server.settings.ServerAccess;
import dev.ligature.server.settings.ServerLimits;
import dev.ligature.store.AdapterFolder;
import dev.ligature.store.AdapterSource;
import dev.ligature.store.AdapterVersion;
import dev.ligature.store.remote.AdapterManifest;
import dev.ligature.store.remote.CachedAdapters;
import dev.ligature.store.remote.RemoteAdapters;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Where the adapters are kept, nothing is answered for good. */
@Timeout(value = 180, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class HangingSourceTest {
    private static final ServerLimits LIMITS = new ServerLimits(2, 62, 50, 2000, 100, 5);
    private static final Duration RECHECK = Duration.ofMillis(50);
    private static final double SOON_SECONDS = 2;

    @TempDir Path adapters;
    @TempDir Path cache;

    private final Elsewhere remote = new Elsewhere();
    private CachedAdapters source;

    /** The adapters of the fixture's directory, on a machine that can be told to hang for good. */
    private final class Elsewhere implements RemoteAdapters {
        volatile CountDownLatch hanging = new CountDownLatch(0);

        private void pass() throws IOException {
            try {
                hanging.await();
            } catch (InterruptedException e) {
                throw new InterruptedIOException();
            }
        }

        @Override
        public Set<String> names() throws IOException {
            pass();
            Set<String> names = new TreeSet<>();
            try (var list = Files.list(adapters)) {
                list.forEach(each -> names.add(each.getFileName().toString()));
            }
            return names;
        }

        @Override
        public Optional<AdapterManifest> manifest(String name) throws IOException {
            pass();
            Path folder = adapters.resolve(name);
            return Files.exists(folder)
                    ? Optional.of(AdapterManifest.of(folder))
                    : Optional.empty();
        }

        @Override
        public InputStream open(String name, String file) throws IOException {
            pass();
            return Files.newInputStream(adapters.resolve(name).resolve(file));
        }
    }

    private ServerFixture open() throws IOException {
        source = CachedAdapters.open(remote, cache, 1 << 24, RECHECK);
        return new ServerFixture(
                adapters, source, LIMITS, 8 * ServerFixture.ADAPTER_BYTES, ServerAccess.OPEN);
    }

    @AfterEach
    void close() throws IOException {
        source.close();
    }

    private static HttpResponse<String> soon(Callable<HttpResponse<String>> call) throws Exception {
        long began = System.nanoTime();
        HttpResponse<String> response = call.call();
        double seconds = (System.nanoTime() - began) / 1e9;
        assertTrue(seconds < SOON_SECONDS, response.uri() + " took " + seconds + " s");
        return response;
    }

    private static void assertServed(ServerFixture fixture) throws Exception {
        HttpCalls http = fixture.http();
        for (int times = 0; times < 3; times++) {
            for (String path :
                    List.of("/v1/models", "/v1/status", "/health", "/v1/models/alpha", "/")) {
                HttpResponse<String> response = soon(() -> http.get(path));
                assertEquals(200, response.statusCode(), path + ": " + response.body());
            }
            for (String model : List.of("alpha", "base")) {
                HttpResponse<String> response =
                        soon(() -> http.complete(greedy(model, "int max(", 3)));
                assertEquals(200, response.statusCode(), response.body());
                String tokens = "{\"model\":\"" + model + "\",\"prompt\":\"int\"}";
                assertEquals(
                        200,
                        soon(() -> http.send(http.post("/tokenize", tokens).build())).statusCode());
            }
        }
    }

    @Test
    void whatIsInMemory_isServed_whoeverElseWaits() throws Exception {
        try (ServerFixture fixture = open()) {
            HttpCalls http = fixture.http();
            assertEquals(200, http.complete(greedy("alpha", "int max(", 3)).statusCode());
            assertTrue(http.get("/v1/models").body().contains("gamma"));
            remote.hanging = new CountDownLatch(1);
            TimeUnit.MILLISECONDS.sleep(2 * RECHECK.toMillis());
            assertServed(fixture);
            List<CompletableFuture<HttpResponse<String>>> stuck = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                stuck.add(http.completeLater(greedy("beta", "int", 2)));
                stuck.add(http.completeLater(greedy("gamma", "int", 2)));
                stuck.add(http.completeLater(greedy("stranger-" + i, "int", 2)));
            }
            ServerFixture.await(() -> !fixture.isZero("ligature_waiting"));
            assertServed(fixture);
            assertEquals(404, soon(() -> http.get("/v1/models/nobody")).statusCode());
            remote.hanging.countDown();
            for (int i = 0; i < stuck.size(); i++) {
                HttpResponse<String> response = stuck.get(i).get(60, TimeUnit.SECONDS);
                assertEquals(i % 3 == 2 ? 404 : 200, response.statusCode(), response.body());
            }
            fixture.awaitIdle();
        }
    }

    @Test
    void whatWasNeverKnown_isAnErrorToAskAgainFor_andTheServerStops() throws Exception {
        try (ServerFixture fixture = open()) {
            remote.hanging = new CountDownLatch(1);
            HttpCalls http = fixture.http();
            assertEquals(
                    200, soon(() -> http.complete(greedy("base", "int max(", 3))).statusCode());
            HttpResponse<String> models = soon(() -> http.get("/v1/models"));
            assertEquals(503, models.statusCode());
            assertEquals("models_unavailable", error(models).get("code").getAsString());
            HttpResponse<String> one = soon(() -> http.get("/v1/models/alpha"));
            assertEquals(503, one.statusCode());
            assertEquals("model_unavailable", error(one).get("code").getAsString());
            HttpResponse<String> tokens =
                    soon(
                            () ->
                                    http.send(
                                            http.post(
                                                            "/tokenize",
                                                            "{\"model\":\"alpha\",\"prompt\":\"a\"}")
                                                    .build()));
            assertEquals(503, tokens.statusCode());
            TimeUnit.SECONDS.sleep(2); // as long as the side is thought to be slow alone
            HttpResponse<String> alpha = soon(() -> http.complete(greedy("alpha", "int", 2)));
            assertEquals(503, alpha.statusCode());
            assertEquals("model_unavailable", error(alpha).get("code").getAsString());
            assertEquals("1", alpha.headers().firstValue("retry-after").orElse(""));
            assertEquals(
                    200, soon(() -> http.complete(greedy("base", "int max(", 3))).statusCode());
        }
    }

    /** A source of an application, which does not keep what is known. */
    private record Plain(AdapterFolder folder, CountDownLatch hanging) implements AdapterSource {
        @Override
        public Set<String> names() throws IOException {
            try {
                hanging.await();
            } catch (InterruptedException e) {
                throw new InterruptedIOException();
            }
            return folder.names();
        }

        @Override
        public Optional<AdapterVersion> version(String name) throws IOException {
            return folder.version(name);
        }
    }

    @Test
    void aSourceThatTellsNoNames_isAnErrorOfThoseWhoAskForThem() throws Exception {
        source = CachedAdapters.open(remote, cache, 1 << 24, RECHECK);
        CountDownLatch hanging = new CountDownLatch(1);
        try (ServerFixture fixture =
                new ServerFixture(
                        adapters,
                        new Plain(new AdapterFolder(adapters), hanging),
                        LIMITS,
                        8 * ServerFixture.ADAPTER_BYTES,
                        ServerAccess.OPEN)) {
            HttpCalls http = fixture.http();
            List<CompletableFuture<HttpResponse<String>>> all = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                all.add(http.getLater(i % 2 == 0 ? "/v1/models" : "/v1/status"));
            }
            assertEquals(200, soon(() -> http.get("/health")).statusCode());
            assertEquals(
                    200, soon(() -> http.complete(greedy("alpha", "int max(", 3))).statusCode());
            for (CompletableFuture<HttpResponse<String>> each : all) {
                HttpResponse<String> response = each.get(15, TimeUnit.SECONDS);
                assertEquals(503, response.statusCode());
                assertEquals("models_unavailable", error(response).get("code").getAsString());
            }
            hanging.countDown();
            ServerFixture.await(() -> isListed(http));
        }
    }

    private static boolean isListed(HttpCalls http) {
        try {
            return http.get("/v1/models").statusCode() == 200;
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aServerWhoseRequestsWaitForAdapters_stopsInTime() throws Exception {
        try (ServerFixture fixture = open()) {
            HttpCalls http = fixture.http();
            assertTrue(http.get("/v1/models").body().contains("gamma"));
            assertEquals(200, http.get("/v1/models/beta").statusCode());
            remote.hanging = new CountDownLatch(1);
            CompletableFuture<HttpResponse<String>> stuck =
                    http.completeLater(greedy("beta", "int", 2));
            ServerFixture.await(() -> !fixture.isZero("ligature_waiting"));
            long began = System.nanoTime();
            fixture.server().stop();
            assertTrue(System.nanoTime() - began < TimeUnit.SECONDS.toNanos(20));
            HttpResponse<String> response = stuck.get(30, TimeUnit.SECONDS);
            assertEquals(503, response.statusCode());
            assertEquals("stopping", error(response).get("code").getAsString());
        }
    }
}
