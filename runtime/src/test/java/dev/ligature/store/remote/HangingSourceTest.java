package dev.ligature.store.remote;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ligature.ToyAdapters;
import dev.ligature.UnknownAdapterException;
import dev.ligature.checkpoint.AdapterLoadOptions;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.store.AdapterLease;
import dev.ligature.store.AdapterStore;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Where adapters are kept there is no answer, or a wrong one: what is known is used at once. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class HangingSourceTest {
    private static final Duration RECHECK = Duration.ofSeconds(5);
    private static final Duration SHORT = Duration.ofMillis(100);
    private static final Duration QUIET = Duration.ofMillis(400);
    private static final Duration LONG = Duration.ofSeconds(3);
    private static final Duration AT_ONCE = Duration.ofSeconds(1);

    @TempDir Path root;
    @TempDir Path cache;

    private final AtomicLong now = new AtomicLong();
    private final Elsewhere remote = new Elsewhere();
    private ToyAdapters toy;
    private CachedAdapters source;
    private AdapterStore store;

    /** Adapters in a directory, which can be told to hang for good, or to fail. */
    private final class Elsewhere implements RemoteAdapters {
        final AtomicInteger asked = new AtomicInteger();
        final AtomicInteger listed = new AtomicInteger();
        volatile CountDownLatch hanging = new CountDownLatch(0);
        volatile boolean manifestsPass; // while the rest hangs
        volatile IOException indexFails;
        volatile IOException manifestFails;

        void hang() {
            hanging = new CountDownLatch(1);
        }

        private void pass() throws IOException {
            try {
                hanging.await();
            } catch (InterruptedException e) {
                throw new InterruptedIOException();
            }
        }

        @Override
        public Set<String> names() throws IOException {
            listed.incrementAndGet();
            pass();
            if (indexFails != null) {
                throw indexFails;
            }
            Set<String> names = new TreeSet<>();
            try (var list = Files.list(root)) {
                list.forEach(each -> names.add(each.getFileName().toString()));
            }
            return names;
        }

        @Override
        public Optional<AdapterManifest> manifest(String name) throws IOException {
            asked.incrementAndGet();
            if (!manifestsPass) {
                pass();
            }
            if (manifestFails != null) {
                throw manifestFails;
            }
            Path folder = root.resolve(name);
            return Files.exists(folder)
                    ? Optional.of(AdapterManifest.of(folder))
                    : Optional.empty();
        }

        @Override
        public InputStream open(String name, String file) throws IOException {
            pass();
            return Files.newInputStream(root.resolve(name).resolve(file));
        }
    }

    @BeforeEach
    void open() throws IOException {
        toy = new ToyAdapters();
        source =
                new CachedAdapters(
                        remote,
                        new CopyFolder(cache, 1 << 20),
                        RECHECK,
                        CachedAdapters.FETCH_LIMIT,
                        now::get,
                        new Catalog.Patience(SHORT, LONG, QUIET));
        store =
                AdapterStore.open(
                        toy.lora(),
                        source,
                        4 * ToyAdapters.bytes(2),
                        AdapterLoadOptions.defaults());
    }

    @AfterEach
    void close() throws IOException {
        store.close();
        source.close();
        toy.close();
    }

    private void old() {
        now.addAndGet(RECHECK.toNanos());
    }

    /** Something that must not wait for the other side. */
    private interface Call<T> {
        T get() throws IOException;
    }

    private static <T> T atOnce(Call<T> call) throws IOException {
        long began = System.nanoTime();
        try {
            return call.get();
        } finally {
            Duration took = Duration.ofNanos(System.nanoTime() - began);
            assertTrue(took.compareTo(AT_ONCE) < 0, "took " + took.toMillis() + " ms");
        }
    }

    @Test
    void whatIsKnown_isAnsweredAtOnce_howeverLongTheOtherSideHangs() throws Exception {
        float[] a = toy.write(root.resolve("a"), 2, 1);
        store.preload("a");
        assertEquals(Set.of("a"), store.names());
        assertThrows(UnknownAdapterException.class, () -> store.lease("b"));
        remote.hang();
        int asked = remote.asked.get();
        int listed = remote.listed.get();
        old();
        ExecutorService threads = Executors.newFixedThreadPool(8);
        try {
            List<Future<?>> all = new ArrayList<>();
            for (int thread = 0; thread < 8; thread++) {
                all.add(
                        threads.submit(
                                () -> {
                                    for (int times = 0; times < 20; times++) {
                                        assertEquals(Set.of("a"), atOnce(store::names));
                                        assertEquals(Set.of("a"), atOnce(store::knownNames));
                                        assertTrue(atOnce(() -> store.has("a")));
                                        assertEquals(
                                                Optional.of(true), atOnce(() -> store.knows("a")));
                                        atOnce(() -> store.leaseLoaded("a")).orElseThrow().close();
                                        atOnce(() -> store.lease("a")).close();
                                        assertThrows(
                                                UnknownAdapterException.class,
                                                () -> atOnce(() -> store.lease("b")));
                                    }
                                    return null;
                                }));
            }
            for (Future<?> each : all) {
                each.get(30, TimeUnit.SECONDS);
            }
        } finally {
            threads.shutdownNow();
        }
        assertEquals(asked + 2, remote.asked.get(), "one question about each for all");
        assertEquals(listed + 1, remote.listed.get());
        float[] after = toy.write(root.resolve("b"), 2, 2);
        remote.hanging.countDown();
        for (int tries = 0; tries < 100 && !store.has("b"); tries++) {
            old();
            TimeUnit.MILLISECONDS.sleep(20);
        }
        try (AdapterLease lease = store.lease("b")) {
            assertArrayEquals(after, toy.forward(lease.routing()), "it is asked again");
        }
        assertFalse(Arrays.equals(a, after));
    }

    @Test
    void aNameOfWhichNothingIsKnown_isUnknownByTheIndex_andElseToBeAskedAgain() throws Exception {
        toy.write(root.resolve("legal"), 2, 1);
        remote.hang();
        assertEquals(Optional.empty(), atOnce(() -> store.knows("leagl")));
        CheckpointException none = assertThrows(CheckpointException.class, store::knownNames);
        assertEquals("SourceUnavailable", none.code());
        TimeUnit.NANOSECONDS.sleep(QUIET.toNanos());
        CheckpointException unknown =
                assertThrows(CheckpointException.class, () -> atOnce(() -> store.lease("leagl")));
        assertEquals("SourceUnavailable", unknown.code());
        remote.hanging.countDown();
        for (int tries = 0; tries < 100 && !isListed(); tries++) {
            TimeUnit.MILLISECONDS.sleep(20);
        }
        assertEquals(Set.of("legal"), store.names());
        remote.hang();
        assertEquals(Optional.empty(), atOnce(() -> store.knows("leagal")), "and nobody waited");
        TimeUnit.NANOSECONDS.sleep(QUIET.toNanos());
        assertEquals(Optional.of(false), atOnce(() -> store.knows("leagal")));
        UnknownAdapterException error =
                assertThrows(
                        UnknownAdapterException.class, () -> atOnce(() -> store.lease("leagal")));
        assertTrue(error.getMessage().contains("Did you mean legal?"), error.getMessage());
    }

    private boolean isListed() {
        try {
            return !store.knownNames().isEmpty();
        } catch (IOException e) {
            return false;
        }
    }

    @Test
    void aQuestionThatIsNotAnsweredInTime_isInterrupted_andAskedAnew() throws Exception {
        toy.write(root.resolve("a"), 2, 1);
        remote.hang();
        long began = System.nanoTime();
        CheckpointException late = assertThrows(CheckpointException.class, () -> store.lease("a"));
        assertEquals("SourceUnavailable", late.code());
        assertTrue(System.nanoTime() - began >= LONG.toNanos() / 2);
        remote.hanging = new CountDownLatch(0); // for those that come, not for the one that hangs
        for (int tries = 0; tries < 100 && !store.knows("a").orElse(false); tries++) {
            TimeUnit.MILLISECONDS.sleep(20);
        }
        store.preload("a");
    }

    @Test
    void aCopyOfTheLastProcess_isUsedAtOnce() throws Exception {
        toy.write(root.resolve("a"), 2, 1);
        store.preload("a");
        store.close();
        source.close();
        toy.close();
        remote.hang();
        open();
        atOnce(() -> store.lease("a")).close();
        assertEquals(Set.of("a"), atOnce(store::knownNames));
    }

    @Test
    void anUnknownName_isUnknown_thoughTheIndexFails() {
        remote.indexFails = new IOException("planted");
        UnknownAdapterException error =
                assertThrows(UnknownAdapterException.class, () -> store.lease("b"));
        assertEquals("LoraStoreUnknown", error.code());
        assertTrue(error.getMessage().contains("does not tell now"), error.getMessage());
    }

    @Test
    void anUnlistedName_isUnknown_thoughItsManifestFails() throws IOException {
        toy.write(root.resolve("a"), 2, 1);
        assertEquals(Set.of("a"), store.names());
        remote.manifestFails = new IOException("planted");
        assertThrows(UnknownAdapterException.class, () -> store.lease("b"));
        assertThrows(IOException.class, () -> store.lease("a"));
    }

    @Test
    void anUnknownName_doesNotWaitForTheIndex() throws IOException {
        remote.hang();
        remote.manifestsPass = true;
        assertThrows(UnknownAdapterException.class, () -> atOnce(() -> store.lease("b")));
        assertThrows(UnknownAdapterException.class, () -> atOnce(() -> store.lease("c")));
    }
}
