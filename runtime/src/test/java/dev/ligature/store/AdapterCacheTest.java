package dev.ligature.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.ligature.LoraException;
import dev.ligature.ToyAdapters;
import dev.ligature.internal.adapter.AdapterState;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The account of who holds what, in the order of events that threads seldom meet. */
final class AdapterCacheTest {
    private static final long EACH = ToyAdapters.bytes(2);

    @TempDir Path root;

    private final List<String> freed = new ArrayList<>();
    private ToyAdapters toy;
    private FolderStamp files;
    private CachedAdapter resident;

    @BeforeEach
    void open() throws IOException {
        toy = new ToyAdapters();
        Path folder = root.resolve("a");
        toy.write(folder, 2, 1);
        files = FolderStamp.of(folder);
        AdapterState adapter = toy.lora().load("a.1", folder);
        resident = new CachedAdapter("a", files, adapter);
    }

    @AfterEach
    void close() {
        toy.close();
    }

    private AdapterCache shelf(long budget) {
        return new AdapterCache(budget, gone -> freed.add(gone.name()));
    }

    private PendingLoad mine(AdapterCache shelf) {
        return assertInstanceOf(Lookup.Mine.class, shelf.claim("a", files)).loading();
    }

    private PendingLoad theirs(AdapterCache shelf) {
        return assertInstanceOf(Lookup.Theirs.class, shelf.claim("a", files)).loading();
    }

    @Test
    void whoWaits_holdsTheAdapterFromTheMomentItIsThere() throws Exception {
        AdapterCache shelf = shelf(EACH);
        PendingLoad loading = mine(shelf);
        assertEquals(loading, theirs(shelf));
        shelf.publish(loading, resident);
        shelf.release(resident);
        assertThrows(LoraException.class, () -> shelf.reserve(new PendingLoad(), "b", EACH));
        assertEquals(resident, loading.await());
        shelf.release(resident);
        shelf.reserve(new PendingLoad(), "b", EACH);
        assertEquals(List.of("a"), freed);
    }

    @Test
    void whoGivesUpWaiting_holdsNothing_beforeTheLoadAndAfterIt() {
        AdapterCache shelf = shelf(EACH);
        PendingLoad loading = mine(shelf);
        theirs(shelf);
        theirs(shelf);
        shelf.giveUp(loading);
        shelf.publish(loading, resident);
        shelf.giveUp(loading);
        assertEquals(1, shelf.statistics().leasedCount());
        assertEquals(1, shelf.statistics().misses());
        shelf.release(resident);
        assertEquals(0, shelf.statistics().leasedCount());
    }

    @Test
    void aLoadThatFails_failsForWhoWaits_andTheNextOneLoadsAgain() {
        AdapterCache shelf = shelf(EACH);
        PendingLoad loading = mine(shelf);
        theirs(shelf);
        shelf.reserve(loading, "a", EACH);
        assertEquals(0, shelf.statistics().residentBytes());
        shelf.unreserve(loading);
        shelf.abandon("a", loading, new ClosedByInterruptException());
        assertThrows(ClosedByInterruptException.class, loading::await);
        shelf.giveUp(loading);
        mine(shelf);
    }

    @Test
    void whatIsBeingLoaded_takesRoomOfItsOwn() {
        AdapterCache shelf = shelf(2 * EACH);
        shelf.reserve(new PendingLoad(), "a", EACH);
        shelf.reserve(new PendingLoad(), "b", EACH);
        LoraException full =
                assertThrows(LoraException.class, () -> shelf.reserve(new PendingLoad(), "c", 1));
        assertEquals("LoraStoreFull", full.code());
    }

    @Test
    void anAdapterThatTurnsOutLarger_needsRoomForAllOfIt() {
        AdapterCache shelf = shelf(EACH - 1);
        PendingLoad loading = mine(shelf);
        shelf.reserve(loading, "a", 1);
        LoraException large =
                assertThrows(LoraException.class, () -> shelf.publish(loading, resident));
        assertEquals("LoraStoreBudget", large.code());
        assertEquals(0, shelf.statistics().residentCount());
    }

    @Test
    void aStoreClosedDuringALoad_takesNothing() {
        AdapterCache shelf = shelf(EACH);
        PendingLoad loading = mine(shelf);
        shelf.close();
        LoraException closed =
                assertThrows(LoraException.class, () -> shelf.publish(loading, resident));
        assertEquals("LoraStoreClosed", closed.code());
    }
}
