package dev.ligature.server;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ligature.server.settings.ServerAccess;
import dev.ligature.server.settings.ServerLimits;
import dev.ligature.store.AdapterFiles;
import dev.ligature.store.AdapterFolder;
import dev.ligature.store.AdapterSource;
import dev.ligature.store.AdapterVersion;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.http.HttpClient;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Adapters that take long to come, as from a server that does not answer, and all others. */
final class SlowAdaptersTest {
    private static final int PLACES = 8;
    private static final int SLOW = 6; // fewer than the places
    private static final int OTHERS = 4 * PLACES; // more than may pass one that waits

    @TempDir Path adapters;

    private final CountDownLatch letGo = new CountDownLatch(1);
    private final AtomicInteger fetching = new AtomicInteger();
    private final ConcurrentLinkedQueue<String> asked = new ConcurrentLinkedQueue<>();

    /** A folder, of which some adapters come only when they are let go. */
    private final class Source implements AdapterSource {
        private final AdapterFolder folder = new AdapterFolder(adapters);

        @Override
        public Set<String> names() throws IOException {
            return folder.names();
        }

        @Override
        public Optional<AdapterVersion> version(String name) throws IOException {
            asked.add(Thread.currentThread().getName() + " " + name);
            Optional<AdapterVersion> version = folder.version(name);
            return name.startsWith("slow")
                    ? version.map(files -> new Slow(files, letGo, fetching))
                    : version;
        }
    }

    /** The files of an adapter, which are opened once they are let go. */
    private record Slow(AdapterVersion files, CountDownLatch letGo, AtomicInteger fetching)
            implements AdapterVersion {
        @Override
        public AdapterFiles open() throws IOException {
            fetching.incrementAndGet();
            try {
                assertTrue(letGo.await(120, SECONDS));
            } catch (InterruptedException e) {
                throw (IOException) new InterruptedIOException().initCause(e);
            }
            return files.open();
        }
    }

    private ServerFixture server() throws IOException {
        ServerLimits limits = new ServerLimits(PLACES, 64, 100, 100_000, 60, 60);
        return new ServerFixture(
                adapters,
                new Source(),
                limits,
                1000 * ServerFixture.ADAPTER_BYTES,
                ServerAccess.OPEN);
    }

    @Test
    void adaptersThatTakeLongToCome_holdUpNobody() throws Exception {
        try (ServerFixture fixture = server()) {
            HttpClient client = HttpClient.newHttpClient();
            List<CompletableFuture<HttpResponse<String>>> slow = new ArrayList<>();
            for (int i = 0; i < SLOW; i++) {
                fixture.writeAdapter("slow-" + i);
                slow.add(
                        client.sendAsync(
                                fixture.http()
                                        .post(HttpCalls.greedy("slow-" + i, "val", 2))
                                        .build(),
                                BodyHandlers.ofString()));
            }
            ServerFixture.await(() -> fetching.get() == SLOW);
            for (int i = 0; i < OTHERS; i++) {
                String model = List.of("base", "alpha", "beta").get(i % 3);
                String body = HttpCalls.greedy(model, "val x" + i, 2);
                HttpResponse<String> other = fixture.http().send(fixture.http().post(body).build());
                assertEquals(200, other.statusCode(), other.body());
            }
            assertTrue(slow.stream().noneMatch(CompletableFuture::isDone));
            letGo.countDown();
            for (CompletableFuture<HttpResponse<String>> each : slow) {
                assertEquals(200, each.get(60, SECONDS).statusCode());
            }
        }
    }

    @Test
    void whoReadsARequest_doesNotAskForAnAdapterThatIsInMemory() throws Exception {
        try (ServerFixture fixture = server()) {
            for (int i = 0; i < 2; i++) {
                asked.clear();
                String body = HttpCalls.greedy("alpha", "val", 2);
                assertEquals(
                        200, fixture.http().send(fixture.http().post(body).build()).statusCode());
            }
            assertEquals(List.of("leasing alpha"), List.copyOf(asked));
        }
    }
}
