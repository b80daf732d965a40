package dev.ligature.store.remote;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ligature.LoraException;
import dev.ligature.LoraStateException;
import dev.ligature.ToyAdapters;
import dev.ligature.UnknownAdapterException;
import dev.ligature.checkpoint.AdapterLoadOptions;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.store.AdapterFiles;
import dev.ligature.store.AdapterLease;
import dev.ligature.store.AdapterStore;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketTimeoutException;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Adapters behind HTTP, with all that can go wrong on the way. */
final class CachedAdaptersTest {
    private static final int RANK = 2;
    private static final long ROOM = 4 * ToyAdapters.bytes(RANK);
    private static final String WEIGHTS = "adapter_model.safetensors";
    private static final Duration RECHECK = Duration.ofSeconds(5);

    /** Of tests that are not about a side that is slow, but may run on a slow machine. */
    private static final Catalog.Patience PATIENT =
            new Catalog.Patience(
                    Duration.ofSeconds(30), Duration.ofSeconds(30), Duration.ofSeconds(30));

    @TempDir Path root;
    @TempDir Path cache;

    private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - 7); // overflows, as nanoTime may
    private ToyAdapters toy;
    private FileServer server;

    @BeforeEach
    void open() throws IOException {
        toy = new ToyAdapters();
        server = new FileServer(root);
    }

    @AfterEach
    void close() {
        server.close();
        toy.close();
    }

    private CachedAdapters source(long budget) throws IOException {
        HttpAdapters remote =
                new HttpAdapters(
                        server.address(),
                        HttpClient.newHttpClient(),
                        Map.of(),
                        Duration.ofMillis(2500));
        return new CachedAdapters(
                remote,
                new CopyFolder(cache, budget),
                RECHECK,
                CachedAdapters.FETCH_LIMIT,
                now::get,
                PATIENT);
    }

    private AdapterStore store(CachedAdapters source) {
        return AdapterStore.open(toy.lora(), source, ROOM, AdapterLoadOptions.defaults());
    }

    private float[] put(String name, int salt) throws IOException {
        Path folder = root.resolve(name);
        if (Files.exists(folder)) {
            deleteAll(folder);
        }
        float[] answer = toy.write(folder, RANK, salt);
        server.publish(name);
        return answer;
    }

    private static void deleteAll(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
    }

    private float[] answer(AdapterStore store, String name) throws IOException {
        try (AdapterLease lease = store.lease(name)) {
            return toy.forward(lease.routing());
        }
    }

    private void pass(Duration time) {
        now.addAndGet(time.toNanos());
    }

    /** Returns the files in the cache, those with names that begin with a dot included. */
    private List<String> cached() throws IOException {
        try (Stream<Path> files = Files.list(cache)) {
            return files.map(file -> file.getFileName().toString().replaceFirst("[@].*", ""))
                    .filter(name -> !name.equals(".lock"))
                    .sorted()
                    .toList();
        }
    }

    private static long size(Path folder) throws IOException {
        long size = 0;
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                size += Files.size(file);
            }
        }
        return size;
    }

    @Test
    void anAdapterIsFetchedOnce_andAnswersAsFromADirectory() throws IOException {
        float[] a = put("a", 1);
        float[] b = put("b", 2);
        try (CachedAdapters source = source(1 << 20);
                AdapterStore store = store(source)) {
            assertEquals(Set.of("a", "b"), store.names());
            assertTrue(store.has("a"));
            assertFalse(store.has("c"));
            assertFalse(store.has("../a"));
            assertEquals(0, server.count("a/" + WEIGHTS), "nothing is fetched before it is leased");
            assertArrayEquals(a, answer(store, "a"));
            assertArrayEquals(a, answer(store, "a"));
            assertArrayEquals(b, answer(store, "b"));
            assertEquals(1, server.count("a/" + WEIGHTS));
            assertEquals(1, server.count("a/SHA256SUMS"), "the answer holds for five seconds");
            assertEquals(List.of("a", "b"), cached());
            assertEquals(source.bytes(), size(cache));
        }
    }

    @Test
    void copiesOutliveTheProcess_andAreCheckedAgain() throws IOException {
        float[] a = put("a", 1);
        try (CachedAdapters source = source(1 << 20);
                AdapterStore store = store(source)) {
            store.preload("a");
        }
        try (CachedAdapters source = source(1 << 20);
                AdapterStore store = store(source)) {
            assertArrayEquals(a, answer(store, "a"));
            assertEquals(1, server.count("a/" + WEIGHTS));
        }
        Path weights;
        try (Stream<Path> files = Files.walk(cache)) {
            weights = files.filter(file -> file.endsWith(WEIGHTS)).findAny().orElseThrow();
        }
        byte[] bytes = Files.readAllBytes(weights);
        bytes[bytes.length - 1] ^= 1;
        Files.write(weights, bytes);
        try (CachedAdapters source = source(1 << 20);
                AdapterStore store = store(source)) {
            assertArrayEquals(a, answer(store, "a"), "not the damaged copy");
            assertEquals(2, server.count("a/" + WEIGHTS));
            assertEquals(List.of("a"), cached());
            assertEquals(source.bytes(), size(cache));
        }
    }

    @Test
    void aCopyThatSomebodyDeleted_isFetchedAgain() throws IOException {
        float[] a = put("a", 1);
        try (CachedAdapters source = source(1 << 20)) {
            for (int fetched = 1; fetched <= 2; fetched++) {
                try (AdapterStore store = store(source)) {
                    assertArrayEquals(a, answer(store, "a"));
                    assertEquals(fetched, server.count("a/" + WEIGHTS));
                }
                try (Stream<Path> files = Files.walk(cache)) {
                    Path weights =
                            files.filter(file -> file.endsWith(WEIGHTS)).findAny().orElseThrow();
                    try (Stream<Path> all = Files.list(weights.getParent())) {
                        for (Path each : all.toList()) {
                            Files.delete(each);
                        }
                    }
                    Files.delete(weights.getParent());
                }
            }
        }
    }

    @Test
    void aNewVersion_isNoticedWhenTheAnswerIsOld_andOpenLeasesKeepTheirs() throws IOException {
        float[] before = put("a", 1);
        try (CachedAdapters source = source(1 << 20);
                AdapterStore store = store(source);
                AdapterLease old = store.lease("a")) {
            pass(RECHECK);
            store.preload("a");
            assertEquals(
                    List.of("a/SHA256SUMS 200", "a/SHA256SUMS 304"),
                    server.log.stream().filter(line -> line.contains("SUMS")).toList());
            float[] after = put("a", 2);
            assertArrayEquals(before, answer(store, "a"), "the answer still holds");
            pass(RECHECK);
            assertArrayEquals(after, answer(store, "a"));
            assertArrayEquals(before, toy.forward(old.routing()));
            assertEquals(2, server.count("a/" + WEIGHTS));
        }
    }

    @Test
    void anAdapterThatIsGone_isUnknown() throws IOException {
        put("legal", 1);
        try (CachedAdapters source = source(1 << 20);
                AdapterStore store = store(source)) {
            store.preload("legal");
            deleteAll(root.resolve("legal"));
            pass(RECHECK);
            UnknownAdapterException error =
                    assertThrows(UnknownAdapterException.class, () -> store.lease("legal"));
            assertTrue(error.getMessage().contains(server.address().toString()), "" + error);
            assertFalse(store.isLoaded("legal"));
        }
    }

    @Test
    void withoutAnAnswer_whatIsKnownGoesOn_alsoAfterARestart() throws IOException {
        float[] a = put("a", 1);
        try (CachedAdapters source = source(1 << 20);
                AdapterStore store = store(source)) {
            store.preload("a");
            server.answer("a/SHA256SUMS", FileServer.status(500));
            server.answer("index.txt", FileServer.status(500));
            pass(RECHECK);
            assertArrayEquals(a, answer(store, "a"));
        }
        try (CachedAdapters source = source(1 << 20);
                AdapterStore store = store(source)) {
            assertArrayEquals(a, answer(store, "a"));
            assertEquals(Set.of("a"), store.names());
            server.answer("b/SHA256SUMS", FileServer.status(500));
            assertUnavailable(assertThrows(CheckpointException.class, () -> store.lease("b")), 500);
        }
    }

    private static void assertUnavailable(CheckpointException error, Object says) {
        assertEquals("SourceUnavailable", error.code());
        assertTrue(error.getMessage().contains("" + says), error.getMessage());
    }

    /** A fault on the way, and the code of its error. */
    record Fault(String name, String code, FileServer.Answer answer) {
        @Override
        public String toString() {
            return name;
        }
    }

    static List<Fault> faults() {
        return List.of(
                new Fault(
                        "cut off",
                        "SourceUnavailable",
                        (exchange, file) -> {
                            byte[] bytes = Files.readAllBytes(file);
                            exchange.sendResponseHeaders(200, bytes.length);
                            exchange.getResponseBody().write(bytes, 0, bytes.length / 2);
                            exchange.getResponseBody().flush();
                        }),
                new Fault(
                        "cut off without a length",
                        "SourceDigest",
                        (exchange, file) -> {
                            byte[] bytes = Files.readAllBytes(file);
                            exchange.sendResponseHeaders(200, 0);
                            exchange.getResponseBody().write(bytes, 0, bytes.length / 2);
                        }),
                new Fault(
                        "one bit",
                        "SourceDigest",
                        (exchange, file) -> {
                            byte[] bytes = Files.readAllBytes(file);
                            bytes[bytes.length / 2] ^= 4;
                            exchange.sendResponseHeaders(200, bytes.length);
                            exchange.getResponseBody().write(bytes);
                        }),
                new Fault("not there", "SourceDigest", FileServer.status(404)),
                new Fault("refused", "SourceUnavailable", FileServer.status(403)),
                new Fault("failed", "SourceUnavailable", FileServer.status(500)),
                new Fault(
                        "stuck before the answer",
                        "SourceUnavailable",
                        (exchange, file) -> sleep(60_000)),
                new Fault(
                        "stuck in the answer",
                        "SourceUnavailable",
                        (exchange, file) -> {
                            byte[] bytes = Files.readAllBytes(file);
                            exchange.sendResponseHeaders(200, bytes.length);
                            exchange.getResponseBody().write(bytes, 0, 10);
                            exchange.getResponseBody().flush();
                            sleep(60_000);
                        }));
    }

    private static void sleep(long millis) throws IOException {
        try {
            TimeUnit.MILLISECONDS.sleep(millis);
        } catch (InterruptedException e) {
            throw new IOException(e); // the server ends
        }
    }

    @ParameterizedTest
    @MethodSource("faults")
    void aFaultOnTheWay_leavesNothingVisible_andIsOverWhenItIsOver(Fault fault) throws IOException {
        float[] a = put("a", 1);
        try (CachedAdapters source = source(1 << 20);
                AdapterStore store = store(source)) {
            server.answer("a/" + WEIGHTS, fault.answer());
            CheckpointException error =
                    assertThrows(CheckpointException.class, () -> store.lease("a"));
            assertEquals(fault.code(), error.code(), error.getMessage());
            assertTrue(error.getMessage().contains(server.address() + "/a/"), error.getMessage());
            assertEquals(List.of(), cached());
            assertEquals(0, source.bytes());
            long asked = server.count("a/" + WEIGHTS);
            assertThrows(CheckpointException.class, () -> store.lease("a"));
            assertEquals(asked, server.count("a/" + WEIGHTS), "not fetched for each request");
            server.answer("a/" + WEIGHTS, null);
            pass(RECHECK);
            assertArrayEquals(a, answer(store, "a"));
        }
        assertEquals(0, toy.lora().adapterNames().size());
    }

    @Test
    void anAdapterThatIsReplacedInTheMiddle_comesWholeAsTheNewOne() throws IOException {
        put("a", 1);
        AtomicInteger asked = new AtomicInteger();
        float[][] after = new float[1][];
        server.answer(
                "a/" + WEIGHTS,
                (exchange, file) -> {
                    if (asked.incrementAndGet() == 1) {
                        after[0] = put("a", 2); // its configuration was sent already
                    }
                    byte[] bytes = Files.readAllBytes(file);
                    exchange.sendResponseHeaders(200, bytes.length);
                    exchange.getResponseBody().write(bytes);
                });
        try (CachedAdapters source = source(1 << 20);
                AdapterStore store = store(source)) {
            float[] answer = answer(store, "a");
            assertArrayEquals(after[0], answer);
            assertEquals(2, asked.get());
        }
    }

    @Test
    void whatWasUsedLongestAgo_isDeletedWithinTheBudget_andWhatIsReadIsNot() throws IOException {
        for (String name : List.of("a", "b", "c")) {
            put(name, name.charAt(0));
        }
        long each = size(root.resolve("a"));
        try (CachedAdapters source = source(2 * each + each / 2)) {
            AdapterFiles a = source.version("a").orElseThrow().open();
            source.version("b").orElseThrow().open().close();
            source.version("c").orElseThrow().open().close();
            assertEquals(List.of("a", "c"), cached(), "a is being read");
            assertTrue(source.bytes() <= 2 * each + each / 2);
            AdapterFiles c = source.version("c").orElseThrow().open();
            CheckpointException full =
                    assertThrows(
                            CheckpointException.class,
                            () -> source.version("b").orElseThrow().open());
            assertEquals("SourceCacheFull", full.code());
            assertTrue(Files.exists(a.directory().resolve(WEIGHTS)));
            assertEquals(List.of("a", "c"), cached(), "nothing was deleted in vain");
            a.close();
            c.close();
            source.version("a"); // leased again, from memory
            pass(RECHECK);
            source.version("b").orElseThrow().open().close();
            assertEquals(List.of("a", "b"), cached());
        }
    }

    /** Writes an adapter with a further file, which is larger than the budgets of tests. */
    private void putLarge(String name) throws IOException {
        put(name, 9, 1 << 20);
    }

    /** Writes an adapter with a further file. */
    private void put(String name, int salt, int bytes) throws IOException {
        put(name, salt);
        Files.write(root.resolve(name).resolve("notes.bin"), new byte[bytes]);
        server.publish(name);
    }

    @Test
    void anAdapterThatNeverFits_isRefusedBeforeAnythingIsDeletedForIt() throws IOException {
        put("a", 1, 1 << 17);
        put("b", 2, 1 << 17);
        putLarge("large");
        try (CachedAdapters source = source(1 << 19)) {
            source.version("a").orElseThrow().open().close();
            source.version("b").orElseThrow().open().close();
            CheckpointException large =
                    assertThrows(
                            CheckpointException.class,
                            () -> source.version("large").orElseThrow().open());
            assertEquals("SourceCacheFull", large.code());
            assertTrue(large.getMessage().contains("all copies on disk"), large.getMessage());
            assertEquals(List.of("a", "b"), cached());
        }
    }

    @Test
    void anAdapterThatTurnsOutNeverToFit_isNotFetchedAgain() throws IOException {
        put("a", 1);
        putLarge("large");
        server.answer(
                "large/notes.bin",
                (exchange, file) -> {
                    exchange.sendResponseHeaders(200, 0); // without a length
                    exchange.getResponseBody().write(Files.readAllBytes(file));
                });
        try (CachedAdapters source = source(1 << 19)) {
            for (int tries = 0; tries < 3; tries++) {
                assertThrows(
                        CheckpointException.class,
                        () -> source.version("large").orElseThrow().open());
                source.version("a").orElseThrow().open().close();
                pass(RECHECK);
            }
            assertEquals(1, server.count("large/notes.bin"));
            assertEquals(1, server.count("a/" + WEIGHTS), "it was deleted for none of the tries");
            assertEquals(List.of("a"), cached());
        }
    }

    @Test
    void aTimeOut_isNoInterruption_andIsRemembered() throws IOException {
        float[] a = put("a", 1);
        AtomicInteger opened = new AtomicInteger();
        AtomicInteger asked = new AtomicInteger();
        HttpAdapters http = HttpAdapters.of(server.address());
        RemoteAdapters remote =
                new RemoteAdapters() {
                    @Override
                    public Set<String> names() throws IOException {
                        throw new SocketTimeoutException("planted");
                    }

                    @Override
                    public Optional<AdapterManifest> manifest(String name) throws IOException {
                        if (asked.incrementAndGet() > 1) {
                            throw new SocketTimeoutException("planted");
                        }
                        return http.manifest(name);
                    }

                    @Override
                    public InputStream open(String name, String file) throws IOException {
                        if (opened.incrementAndGet() == 1) {
                            throw new SocketTimeoutException("planted");
                        }
                        return http.open(name, file);
                    }
                };
        try (CachedAdapters source =
                        new CachedAdapters(
                                remote,
                                new CopyFolder(cache, 1 << 20),
                                RECHECK,
                                CachedAdapters.FETCH_LIMIT,
                                now::get,
                                PATIENT);
                AdapterStore store = store(source)) {
            assertThrows(SocketTimeoutException.class, () -> store.lease("a"));
            assertThrows(SocketTimeoutException.class, () -> store.lease("a"));
            assertEquals(1, opened.get(), "not fetched for each request");
            pass(RECHECK);
            assertArrayEquals(a, answer(store, "a"), "what was known of it goes on being used");
            assertEquals(Set.of("a"), store.names());
        }
    }

    @Test
    void aLeasedAdapter_staysInMemoryWhenItsCopyIsDeleted() throws IOException {
        float[] a = put("a", 1);
        put("b", 2);
        long each = size(root.resolve("a"));
        try (CachedAdapters source = source(each + each / 2);
                AdapterStore store = store(source);
                AdapterLease lease = store.lease("a")) {
            store.preload("b");
            assertEquals(List.of("b"), cached());
            assertArrayEquals(a, toy.forward(lease.routing()));
            assertArrayEquals(a, answer(store, "a"));
            assertEquals(1, server.count("a/" + WEIGHTS));
        }
    }

    @Test
    void manyThreads_fetchOnce() throws Exception {
        put("a", 1);
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        server.answer(
                "a/" + WEIGHTS,
                (exchange, file) -> {
                    begun.countDown();
                    try {
                        go.await();
                    } catch (InterruptedException e) {
                        throw new IOException(e);
                    }
                    byte[] bytes = Files.readAllBytes(file);
                    exchange.sendResponseHeaders(200, bytes.length);
                    exchange.getResponseBody().write(bytes);
                });
        HttpAdapters remote =
                HttpAdapters.of(server.address(), HttpClient.newHttpClient(), Map.of());
        ExecutorService threads = Executors.newFixedThreadPool(8);
        // Two stores: the first shares loads by itself, and both share the source.
        try (CachedAdapters source = CachedAdapters.open(remote, cache, 1 << 20, RECHECK);
                AdapterStore first = store(source);
                AdapterStore second = store(source)) {
            List<Future<?>> all = new ArrayList<>();
            for (int k = 0; k < 8; k++) {
                AdapterStore store = k % 2 == 0 ? first : second;
                Callable<?> task =
                        () -> {
                            store.preload("a");
                            return null;
                        };
                all.add(threads.submit(task));
            }
            begun.await();
            go.countDown();
            for (Future<?> each : all) {
                each.get(30, TimeUnit.SECONDS);
            }
            assertEquals(1, server.count("a/" + WEIGHTS));
            assertEquals(1, server.count("a/SHA256SUMS"));
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void whatAKilledProcessHasLeft_isDeleted() throws IOException {
        Path partial = Files.createDirectory(cache.resolve(".partial-1"));
        Files.writeString(partial.resolve(WEIGHTS), "half");
        Files.writeString(cache.resolve("notes.txt"), "not a copy");
        try (CachedAdapters source = source(1 << 20)) {
            assertEquals(List.of("notes.txt"), cached());
            assertEquals(0, source.bytes());
        }
    }

    @Test
    void aCacheInUse_orWithoutRoom_isRefused() throws Exception {
        CachedAdapters source = source(1);
        LoraException inUse = assertThrows(LoraException.class, () -> source(1));
        assertEquals("SourceCache", inUse.code());
        assertTrue(inUse.getMessage().contains(cache.toString()), inUse.getMessage());
        Path link = Files.createSymbolicLink(root.resolve("link"), cache);
        assertEquals(
                "SourceCache",
                assertThrows(LoraException.class, () -> new CopyFolder(link, 1)).code());
        assertEquals(
                "locked",
                LockProbe.run(cache.resolve(".lock")),
                "the second has not taken the lock from the first");
        source.close();
        put("a", 1);
        LoraStateException closed =
                assertThrows(
                        LoraStateException.class, () -> source.version("a").orElseThrow().open());
        assertEquals("SourceClosed", closed.code());
        HttpAdapters remote = HttpAdapters.of(server.address());
        for (var wrong :
                List.<Callable<?>>of(
                        () -> CachedAdapters.open(remote, cache, 0, RECHECK),
                        () -> CachedAdapters.open(remote, cache, 1, RECHECK.negated()))) {
            LoraException error = assertThrows(LoraException.class, wrong::call);
            assertEquals("SourceCache", error.code());
        }
        assertEquals("free", LockProbe.run(cache.resolve(".lock")));
        source(1).close(); // nothing holds the lock
    }

    @Test
    void aPath_isRefusedBeforeAnythingIsAsked() throws IOException {
        put("a", 1);
        try (CachedAdapters source = source(1 << 20);
                AdapterStore store = store(source)) {
            for (String name : List.of("../a", "a/..", "a@b", ".", "")) {
                assertThrows(LoraException.class, () -> store.lease(name));
            }
            assertEquals(List.of(), server.log);
        }
    }
}
