package dev.ligature.store;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ligature.ToyAdapters;
import dev.ligature.checkpoint.AdapterLoadOptions;
import dev.ligature.checkpoint.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The store under many threads. */
final class StoreThreadsTest {
    private static final boolean SOAK = Boolean.getBoolean("ligature.soak");
    private static final int THREADS = 4;

    @TempDir Path root;

    private final ExecutorService pool = Executors.newFixedThreadPool(THREADS);
    private ToyAdapters toy;

    @BeforeEach
    void open() {
        toy = new ToyAdapters();
    }

    @AfterEach
    void close() throws InterruptedException {
        pool.shutdownNow();
        assertTrue(pool.awaitTermination(30, SECONDS));
        toy.close();
    }

    private static <T> List<T> results(List<Future<T>> futures) throws Exception {
        List<T> results = new ArrayList<>();
        for (Future<T> future : futures) {
            results.add(future.get(60, SECONDS));
        }
        return results;
    }

    @Test
    void threadsThatAskForOneAdapter_loadItOnce() throws Exception {
        long budget = ToyAdapters.bytes(2);
        toy.write(root.resolve("a"), 2, 1);
        toy.write(root.resolve("b"), 2, 2);
        try (AdapterStore store = AdapterStore.open(toy.lora(), root, budget)) {
            for (int round = 1; round <= 50; round++) {
                String name = round % 2 == 0 ? "a" : "b"; // the other one makes room
                CyclicBarrier together = new CyclicBarrier(THREADS);
                List<Future<String>> asking = new ArrayList<>();
                for (int i = 0; i < THREADS; i++) {
                    asking.add(
                            pool.submit(
                                    () -> {
                                        together.await();
                                        try (AdapterLease lease = store.lease(name)) {
                                            together.await(); // all hold it at once
                                            return lease.routedName();
                                        }
                                    }));
                }
                assertEquals(
                        List.of(name + "." + round), results(asking).stream().distinct().toList());
                assertEquals(round, store.statistics().loads());
            }
            StoreStatistics end = store.statistics();
            assertEquals(50L * THREADS, end.hits() + end.misses());
            assertEquals(49, end.evictions());
        }
    }

    @Test
    void loadingOneAdapter_doesNotHoldUpTheOthers() throws Exception {
        float[] expectedQuick = toy.write(root.resolve("quick"), 2, 1);
        float[] expectedSlow = toy.write(root.resolve("slow"), 2, 2);
        CountDownLatch loading = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        SourceLoads.Loader loader =
                (name, directory, room) -> {
                    if (name.startsWith("slow")) {
                        loading.countDown();
                        awaitQuietly(go);
                    }
                    return AdapterStore.loader(toy.lora(), AdapterLoadOptions.defaults())
                            .load(name, directory, room);
                };
        try (AdapterStore store =
                new AdapterStore(
                        toy.lora(), new StoreSource(new AdapterFolder(root)), 1 << 20, loader)) {
            Future<float[]> slow = pool.submit(() -> served(store, "slow"));
            assertTrue(loading.await(60, SECONDS));
            Future<float[]> quick = pool.submit(() -> served(store, "quick"));
            assertArrayEquals(expectedQuick, quick.get(10, SECONDS));
            assertFalse(slow.isDone());
            go.countDown();
            assertArrayEquals(expectedSlow, slow.get(60, SECONDS));
        }
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private float[] served(AdapterStore store, String name) throws IOException {
        try (AdapterLease lease = store.lease(name)) {
            return toy.forward(lease.routing());
        }
    }

    @Test
    void aBrokenAdapter_isAnErrorForAllWhoAskedForIt_andForNobodyElse() throws Exception {
        float[] good = toy.write(root.resolve("good"), 2, 1);
        toy.write(root.resolve("broken"), 2, 2);
        Files.writeString(root.resolve("broken/adapter_config.json"), "{");
        try (AdapterStore store = AdapterStore.open(toy.lora(), root, 1 << 20)) {
            CyclicBarrier together = new CyclicBarrier(THREADS);
            List<Future<String>> asking = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                asking.add(
                        pool.submit(
                                () -> {
                                    together.await();
                                    return assertThrows(
                                                    CheckpointException.class,
                                                    () -> store.lease("broken"))
                                            .code();
                                }));
            }
            assertEquals(List.of("CheckpointJson"), results(asking).stream().distinct().toList());
            try (AdapterLease lease = store.lease("good")) {
                assertArrayEquals(good, toy.forward(lease.routing()));
            }
            assertEquals(THREADS, store.statistics().failures());
        }
    }

    @Test
    void anInterruptedThread_stopsWithoutAnAdapter_andLeavesNothing() throws Exception {
        toy.write(root.resolve("a"), 2, 1);
        int arrays = toy.liveArrays();
        try (AdapterStore store = AdapterStore.open(toy.lora(), root, 1 << 20)) {
            Future<String> asking =
                    pool.submit(
                            () -> {
                                Thread.currentThread().interrupt();
                                try {
                                    store.lease("a").close();
                                    return "served";
                                } catch (IOException e) {
                                    return "interrupted";
                                } finally {
                                    Thread.interrupted();
                                }
                            });
            assertEquals("interrupted", asking.get(60, SECONDS));
            store.preload("a"); // and the next one is served
            assertEquals(0, store.statistics().leasedCount());
        }
        assertEquals(arrays, toy.liveArrays());
    }

    /** Requests over far more adapters than there is room for, so that nearly each one loads. */
    @Test
    void randomRequests_getTheirAdapters_andMemoryStaysFlat() throws Exception {
        int adapters = SOAK ? 2000 : 60;
        int room = SOAK ? 100 : 6;
        int requests = SOAK ? 10_000 : 400;
        int rank = SOAK ? 256 : 64;
        List<float[]> expected = new ArrayList<>();
        for (int i = 0; i < adapters; i++) {
            expected.add(toy.write(root.resolve("a" + i), rank, i));
        }
        int arrays = toy.liveArrays();
        long budget = room * ToyAdapters.bytes(rank);
        try (AdapterStore store = AdapterStore.open(toy.lora(), root, budget)) {
            int first = requests / 2; // to warm up
            serve(store, expected, first, 0);
            long warm = residentKiB();
            int full = toy.liveArrays();
            serve(store, expected, requests, 100);
            StoreStatistics end = store.statistics();
            assertEquals(first + requests, end.hits() + end.misses());
            assertEquals(end.loads(), end.residentCount() + end.evictions());
            assertEquals(room, end.residentCount());
            assertEquals(budget, end.residentBytes());
            assertEquals(0, end.leasedCount());
            assertEquals(0, end.failures());
            assertEquals(full, toy.liveArrays());
            long grown = residentKiB() - warm;
            System.out.printf(
                    "%d adapters, %s, %d MiB resident after %d requests, %d MiB more after %d%n",
                    adapters, end, warm >> 10, first, grown >> 10, first + requests);
            // Had each load leaked its factors, it would be at least this much.
            long leak = (end.loads() - room) * ToyAdapters.bytes(rank) / 1024;
            assertTrue(!SOAK || grown < leak / 4, grown + " KiB more of " + leak);
        }
        assertEquals(arrays, toy.liveArrays());
    }

    private void serve(AdapterStore store, List<float[]> expected, int requests, int seed)
            throws Exception {
        List<Future<Void>> serving = new ArrayList<>();
        for (int thread = 0; thread < THREADS; thread++) {
            Random random = new Random(seed + thread);
            Callable<Void> requestsOfOne =
                    () -> {
                        for (int n = 0; n < requests / THREADS; n++) {
                            int i = random.nextInt(expected.size());
                            try (AdapterLease lease = store.lease("a" + i)) {
                                assertArrayEquals(expected.get(i), toy.forward(lease.routing()));
                            }
                        }
                        return null;
                    };
            serving.add(pool.submit(requestsOfOne));
        }
        results(serving);
    }

    /** Returns the process's resident memory; 0 where the system does not say. */
    private static long residentKiB() throws IOException {
        System.gc();
        Path status = Path.of("/proc/self/status");
        if (!Files.exists(status)) {
            return 0;
        }
        return Files.readAllLines(status).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                .findFirst()
                .orElse(0);
    }
}
