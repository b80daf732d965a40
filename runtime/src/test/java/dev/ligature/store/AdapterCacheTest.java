package dev.ligature.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.ligature.Adapter;
import dev.ligature.LoraException;
import dev.ligature.LoraStateException;
import dev.ligature.ToyAdapters;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Leases and loads, in orders of events that threads seldom meet. */
final class AdapterCacheTest {
    private static final long EACH = ToyAdapters.bytes(2);

    @TempDir Path root;

    private final List<String> freed = new ArrayList<>();
    private ToyAdapters toy;
    private FolderStamp stamp;
    private CachedAdapter cached;

    @BeforeEach
    void open() throws IOException {
        toy = new ToyAdapters();
        Path folder = root.resolve("a");
        toy.write(folder, 2, 1);
        stamp = FolderStamp.of(folder);
        Adapter adapter = toy.lora().load("a.1", folder);
        cached = new CachedAdapter("a", stamp, adapter);
    }

    @AfterEach
    void close() {
        toy.close();
    }

    private AdapterCache cache(long budget) {
        return new AdapterCache(budget, gone -> freed.add(gone.name()));
    }

    private PendingLoad toLoad(AdapterCache cache) {
        return assertInstanceOf(Lookup.LoadIt.class, cache.lookUp("a", stamp)).pending();
    }

    private PendingLoad loadingElsewhere(AdapterCache cache) {
        return assertInstanceOf(Lookup.LoadingElsewhere.class, cache.lookUp("a", stamp)).pending();
    }

    @Test
    void whoWaits_holdsTheAdapterFromTheMomentItIsThere() throws Exception {
        AdapterCache cache = cache(EACH);
        PendingLoad pending = toLoad(cache);
        assertEquals(pending, loadingElsewhere(cache));
        cache.publish(pending, cached);
        cache.release(cached);
        assertThrows(LoraException.class, () -> cache.reserve(new PendingLoad(), "b", EACH));
        assertEquals(cached, pending.await());
        cache.release(cached);
        cache.reserve(new PendingLoad(), "b", EACH);
        assertEquals(List.of("a"), freed);
    }

    @Test
    void whoGivesUpWaiting_holdsNothing_beforeTheLoadAndAfterIt() {
        AdapterCache cache = cache(EACH);
        PendingLoad pending = toLoad(cache);
        loadingElsewhere(cache);
        loadingElsewhere(cache);
        cache.giveUp(pending);
        cache.publish(pending, cached);
        cache.giveUp(pending);
        assertEquals(1, cache.statistics().leasedCount());
        assertEquals(1, cache.statistics().misses());
        cache.release(cached);
        assertEquals(0, cache.statistics().leasedCount());
    }

    @Test
    void aLoadThatFails_failsForWhoWaits_andTheNextOneLoadsAgain() {
        AdapterCache cache = cache(EACH);
        PendingLoad pending = toLoad(cache);
        loadingElsewhere(cache);
        cache.reserve(pending, "a", EACH);
        assertEquals(0, cache.statistics().residentBytes());
        cache.unreserve(pending);
        cache.abandon("a", pending, new ClosedByInterruptException());
        assertThrows(ClosedByInterruptException.class, pending::await);
        cache.giveUp(pending);
        toLoad(cache);
    }

    @Test
    void whatIsBeingLoaded_takesRoomOfItsOwn() {
        AdapterCache cache = cache(2 * EACH);
        cache.reserve(new PendingLoad(), "a", EACH);
        cache.reserve(new PendingLoad(), "b", EACH);
        LoraException full =
                assertThrows(
                        LoraStateException.class, () -> cache.reserve(new PendingLoad(), "c", 1));
        assertEquals("LoraStoreFull", full.code());
    }

    @Test
    void anAdapterThatTurnsOutLarger_needsRoomForAllOfIt() {
        AdapterCache cache = cache(EACH - 1);
        PendingLoad pending = toLoad(cache);
        cache.reserve(pending, "a", 1);
        LoraException large =
                assertThrows(LoraException.class, () -> cache.publish(pending, cached));
        assertEquals("LoraStoreBudget", large.code());
        assertEquals(0, cache.statistics().residentCount());
    }

    @Test
    void aStoreClosedDuringALoad_takesNothing() {
        AdapterCache cache = cache(EACH);
        PendingLoad pending = toLoad(cache);
        cache.close();
        LoraException closed =
                assertThrows(LoraStateException.class, () -> cache.publish(pending, cached));
        assertEquals("LoraStoreClosed", closed.code());
    }
}
