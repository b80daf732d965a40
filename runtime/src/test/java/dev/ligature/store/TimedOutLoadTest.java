package dev.ligature.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.ligature.ToyAdapters;
import dev.ligature.checkpoint.AdapterLoadOptions;
import java.net.SocketTimeoutException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** A load that runs out of time has ended for those that wait for it. */
final class TimedOutLoadTest {
    private final AtomicInteger opened = new AtomicInteger();
    private final CountDownLatch waits = new CountDownLatch(1);

    /** An adapter whose files never come. */
    private final class Slow implements AdapterSource, AdapterVersion {
        @Override
        public Set<String> names() {
            return Set.of("a");
        }

        @Override
        public Optional<AdapterVersion> version(String name) {
            return Optional.of(this);
        }

        @Override
        public AdapterFiles open() throws SocketTimeoutException {
            opened.incrementAndGet();
            try {
                waits.await();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
            throw new SocketTimeoutException("planted");
        }
    }

    @Test
    void thoseThatWait_haveItsError_andDoNotTryAgainByThemselves() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try (ToyAdapters toy = new ToyAdapters();
                AdapterStore store =
                        AdapterStore.open(
                                toy.lora(), new Slow(), 1 << 20, AdapterLoadOptions.defaults())) {
            List<Future<AdapterLease>> both =
                    List.of(
                            threads.submit(() -> store.lease("a")),
                            threads.submit(() -> store.lease("a")));
            TimeUnit.MILLISECONDS.sleep(500); // the second waits for the first by now
            waits.countDown();
            for (Future<AdapterLease> each : both) {
                ExecutionException error =
                        assertThrows(
                                ExecutionException.class, () -> each.get(30, TimeUnit.SECONDS));
                assertInstanceOf(SocketTimeoutException.class, error.getCause());
            }
            assertEquals(1, opened.get());
        } finally {
            threads.shutdownNow();
        }
    }
}
