package dev.ligature.store.remote;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ligature.LoraException;
import dev.ligature.ToyAdapters;
import dev.ligature.checkpoint.AdapterLoadOptions;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.store.AdapterStore;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Bytes come, but so few at a time that an adapter would never be there. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class SlowFetchTest {
    private static final Duration LIMIT = Duration.ofMillis(1500);
    private static final Duration RECHECK = Duration.ZERO;
    private static final long BUDGET = 1 << 20;
    private static final long DRIP_MILLIS = 20;
    private static final String WEIGHTS = "legal/adapter_model.safetensors";

    @TempDir Path root;
    @TempDir Path cache;
    private ToyAdapters toy;
    private FileServer server;

    @BeforeEach
    void open() throws IOException {
        toy = new ToyAdapters();
        toy.write(root.resolve("legal"), 2, 1);
        server = new FileServer(root);
        server.publish("legal");
    }

    @AfterEach
    void close() {
        server.close();
        toy.close();
    }

    private AdapterStore store(CachedAdapters source) {
        return AdapterStore.open(
                toy.lora(), source, ToyAdapters.bytes(2), AdapterLoadOptions.defaults());
    }

    /** Sends a file byte by byte, for as long as the client is there. */
    private static FileServer.Answer drip() {
        return (exchange, file) -> {
            byte[] bytes = Files.readAllBytes(file);
            exchange.sendResponseHeaders(200, bytes.length);
            for (byte each : bytes) {
                exchange.getResponseBody().write(each);
                exchange.getResponseBody().flush();
                pause();
            }
        };
    }

    private static void pause() {
        try {
            Thread.sleep(DRIP_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void whatDripsThroughHttp_isGivenUpWhenTheTimeIsOver_andFetchedLater() throws IOException {
        HttpAdapters remote = HttpAdapters.of(server.address());
        server.answer(WEIGHTS, drip());
        try (CachedAdapters source = CachedAdapters.open(remote, cache, BUDGET, RECHECK, LIMIT);
                AdapterStore store = store(source)) {
            checkGivenUp(store, remote.toString());
            assertEquals(0, source.bytes(), "of what had come");
            server.answer(WEIGHTS, null);
            store.lease("legal").close();
        }
    }

    @Test
    void aStreamThatMindsNoClosing_isGivenUpToo() throws IOException {
        AtomicBoolean dripping = new AtomicBoolean(true);
        RemoteAdapters remote =
                new RemoteAdapters() {
                    @Override
                    public Set<String> names() {
                        return Set.of("legal");
                    }

                    @Override
                    public Optional<AdapterManifest> manifest(String name) throws IOException {
                        return Optional.of(AdapterManifest.of(root.resolve(name)));
                    }

                    @Override
                    public InputStream open(String name, String file) throws IOException {
                        InputStream in = Files.newInputStream(root.resolve(name).resolve(file));
                        return dripping.get() ? new Dripping(in) : in;
                    }

                    @Override
                    public String toString() {
                        return "the bucket";
                    }
                };
        try (CachedAdapters source = CachedAdapters.open(remote, cache, BUDGET, RECHECK, LIMIT);
                AdapterStore store = store(source)) {
            checkGivenUp(store, "the bucket");
            dripping.set(false);
            store.lease("legal").close();
        }
    }

    /** Gives one byte at a time, whether it was closed or not. */
    private static final class Dripping extends FilterInputStream {
        Dripping(InputStream in) {
            super(in);
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            pause();
            return super.read(bytes, offset, 1);
        }

        @Override
        public void close() {}
    }

    private static void checkGivenUp(AdapterStore store, String remote) {
        long began = System.nanoTime();
        CheckpointException error =
                assertThrows(CheckpointException.class, () -> store.lease("legal"));
        double seconds = (System.nanoTime() - began) / 1e9;
        assertEquals("SourceUnavailable", error.code());
        String text = String.valueOf(error.getMessage());
        assertTrue(
                text.contains(
                        "Adapter legal of "
                                + remote
                                + " was not fetched within the limit of 1.5 s: "),
                text);
        assertTrue(text.matches(".*: [1-9]\\d* bytes had come\\. Check the connection.*"), text);
        assertTrue(text.contains("give the cache a longer limit"), text);
        assertTrue(seconds > 1.4 && seconds < 15, seconds + " s");
    }

    @Test
    void aLimitWithoutTime_isRefused() {
        HttpAdapters remote = HttpAdapters.of(server.address());
        for (Duration limit : new Duration[] {Duration.ZERO, Duration.ofSeconds(-1)}) {
            LoraException error =
                    assertThrows(
                            LoraException.class,
                            () -> CachedAdapters.open(remote, cache, BUDGET, RECHECK, limit));
            assertEquals("SourceCache", error.code());
            assertTrue(String.valueOf(error.getMessage()).contains(limit.toString()), "the value");
        }
    }
}
