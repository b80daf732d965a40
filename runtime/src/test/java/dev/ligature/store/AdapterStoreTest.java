package dev.ligature.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ligature.LoraException;
import dev.ligature.Routing;
import dev.ligature.ToyAdapters;
import dev.ligature.UnknownAdapterException;
import dev.ligature.checkpoint.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the store holds, frees, refuses and counts, one thread at a time. */
final class AdapterStoreTest {
    private static final int RANK = 2;
    private static final long EACH = ToyAdapters.bytes(RANK);

    @TempDir Path root;

    private ToyAdapters toy;

    @BeforeEach
    void open() {
        toy = new ToyAdapters();
    }

    @AfterEach
    void close() {
        toy.close();
    }

    private AdapterStore store(int adapters) {
        return AdapterStore.open(toy.lora(), root, adapters * EACH);
    }

    private float[] write(String name, int salt) throws IOException {
        return toy.write(root.resolve(name), RANK, salt);
    }

    private float[] answer(AdapterStore store, String name) throws IOException {
        try (AdapterLease lease = store.lease(name)) {
            return toy.forward(lease.routing());
        }
    }

    private Set<String> resident() {
        Set<String> names = new TreeSet<>();
        toy.lora().adapterNames().forEach(name -> names.add(name.replaceFirst("\\.\\d+$", "")));
        return names;
    }

    @Test
    void aNameAlone_isLookedUpWithoutLoading() throws IOException {
        write("a", 1);
        Files.createDirectory(root.resolve("empty"));
        try (AdapterStore store = store(2)) {
            assertTrue(store.has("a"));
            assertFalse(store.has("empty"));
            assertFalse(store.has("b"));
            assertFalse(store.has("../" + root.getFileName() + "/a"));
            assertFalse(store.isLoaded("a"));
            store.preload("a");
            assertTrue(store.isLoaded("a"));
        }
    }

    @Test
    void whatIsInMemory_isLeasedWithoutLoading_untilItsFilesChange() throws IOException {
        float[] a = write("a", 1);
        try (AdapterStore store = store(2)) {
            assertEquals(Optional.empty(), store.leaseLoaded("a"));
            assertEquals(Optional.empty(), store.leaseLoaded("nobody"));
            assertFalse(store.isLoaded("a"));
            store.preload("a");
            try (AdapterLease lease = store.leaseLoaded("a").orElseThrow()) {
                assertArrayEquals(a, toy.forward(lease.routing()));
                assertEquals(1, store.statistics().leasedCount());
            }
            assertEquals(Optional.of(true), store.knows("a"));
            assertEquals(Optional.of(false), store.knows("nobody"));
            assertEquals(Set.of("a"), store.knownNames());
            write("a", 2);
            assertEquals(Optional.empty(), store.leaseLoaded("a"), "another version");
            assertEquals(0, store.statistics().leasedCount());
        }
    }

    @Test
    void anAdapterElsewhere_isLeasedUnderItsName_untilItIsRemoved(@TempDir Path elsewhere)
            throws IOException {
        float[] a = write("a", 1);
        Files.move(root.resolve("a"), elsewhere.resolve("moved"));
        write("b", 2);
        try (AdapterStore store = store(2)) {
            assertTrue(store.add("a", elsewhere.resolve("moved")));
            assertFalse(store.add("a", elsewhere.resolve("moved")));
            assertFalse(store.add("b", elsewhere.resolve("moved")), "a folder of the store");
            assertThrows(LoraException.class, () -> store.add("../a", elsewhere));
            assertEquals(Set.of("a", "b"), store.names());
            assertTrue(store.has("a"));
            assertArrayEquals(a, answer(store, "a"));
            assertTrue(store.isLoaded("a"));
            assertTrue(store.remove("a"));
            assertFalse(store.isLoaded("a"));
            assertFalse(store.remove("a"));
            assertFalse(store.remove("b"));
            assertThrows(UnknownAdapterException.class, () -> store.lease("a"));
        }
    }

    @Test
    void anAdapterIsLoadedOnce_andAnswersAsOnItsOwn() throws IOException {
        float[] a = write("a", 1);
        float[] b = write("b", 2);
        try (AdapterStore store = store(2)) {
            assertEquals(Set.of("a", "b"), store.names());
            assertEquals(
                    new StoreStatistics(0, 0, 0, 0, 0, 0, 0, 0, 0, 2 * EACH), store.statistics());
            assertArrayEquals(a, answer(store, "a"));
            assertArrayEquals(b, answer(store, "b"));
            assertArrayEquals(a, answer(store, "a"));
            assertEquals(
                    new StoreStatistics(1, 2, 0, 2, 0, 0, 2, 0, 2 * EACH, 2 * EACH),
                    store.statistics());
        }
        assertEquals(Set.of(), resident());
    }

    @Test
    void whatWasNotAskedForTheLongest_makesRoom() throws IOException {
        for (String name : List.of("a", "b", "c")) {
            write(name, name.charAt(0));
        }
        try (AdapterStore store = store(2)) {
            store.preload("a");
            store.preload("b");
            store.preload("a");
            store.preload("c");
            assertEquals(Set.of("a", "c"), resident());
            store.preload("b");
            assertEquals(Set.of("b", "c"), resident());
            assertEquals(
                    new StoreStatistics(1, 4, 0, 4, 2, 0, 2, 0, 2 * EACH, 2 * EACH),
                    store.statistics());
        }
    }

    @Test
    void whatSomebodyRemovedByHand_makesRoomAllTheSame() throws IOException {
        float[] a = write("a", 1);
        float[] b = write("b", 2);
        try (AdapterStore store = store(1)) {
            String routedName;
            try (AdapterLease lease = store.lease("a")) {
                routedName = lease.routedName();
            }
            toy.lora().remove(routedName);
            assertArrayEquals(b, answer(store, "b"));
            assertArrayEquals(a, answer(store, "a"));
            assertEquals(EACH, store.statistics().residentBytes());
        }
        assertEquals(Set.of(), resident());
    }

    @Test
    void whatIsHeld_isNotFreed_andFullIsAnErrorUntilItIsReleased() throws IOException {
        float[] a = write("a", 1);
        write("b", 2);
        float[] c = write("c", 3);
        try (AdapterStore store = store(2)) {
            AdapterLease first = store.lease("a");
            AdapterLease second = store.lease("b");
            LoraException full = assertThrows(LoraException.class, () -> store.lease("c"));
            assertEquals(
                    "[LoraStoreFull] There is no room for adapter c, which takes 152 bytes: of the"
                            + " store's 304, 304 are held by requests or being loaded. Ask again"
                            + " when some have ended, or give the store a larger budget.",
                    full.getMessage());
            assertArrayEquals(a, toy.forward(first.routing()));
            assertEquals(2, store.statistics().leasedCount());
            second.close();
            second.close(); // once is enough, twice is no harm
            assertEquals(1, store.statistics().leasedCount());
            assertArrayEquals(c, answer(store, "c"));
            assertEquals(Set.of("a", "c"), resident());
            assertArrayEquals(a, toy.forward(first.routing()));
            first.close();
            assertEquals(
                    new StoreStatistics(0, 3, 1, 3, 1, 0, 2, 0, 2 * EACH, 2 * EACH),
                    store.statistics());
        }
    }

    @Test
    void twoHoldsOfOneAdapter_areTwo() throws IOException {
        write("a", 1);
        write("b", 2);
        try (AdapterStore store = store(1)) {
            AdapterLease first = store.lease("a");
            AdapterLease second = store.lease("a");
            first.close();
            assertEquals("LoraStoreFull", code(store, "b"));
            second.close();
            store.preload("b");
            assertEquals(Set.of("b"), resident());
        }
    }

    @Test
    void anAdapterLargerThanTheStore_isAnErrorThatFreesNothing() throws IOException {
        write("a", 1);
        toy.write(root.resolve("large"), 3 * RANK, 2);
        try (AdapterStore store = store(2)) {
            store.preload("a");
            LoraException error = assertThrows(LoraException.class, () -> store.lease("large"));
            assertEquals(
                    "[LoraStoreBudget] Adapter large takes 456 bytes, more than the 304 of the"
                            + " whole store. Give the store a larger budget.",
                    error.getMessage());
            assertEquals(Set.of("a"), resident());
        }
    }

    @Test
    void changedFiles_areLoadedAnew_andRequestsUnderWayKeepTheOldOnes() throws IOException {
        float[] before = write("a", 1);
        int arrays = toy.liveArrays();
        try (AdapterStore store = store(2)) {
            AdapterLease old = store.lease("a");
            float[] after = write("a", 2);
            try (AdapterLease fresh = store.lease("a")) {
                assertArrayEquals(after, toy.forward(fresh.routing()));
                assertArrayEquals(before, toy.forward(old.routing()));
                assertEquals("a", fresh.name());
                assertNotEquals(old.routedName(), fresh.routedName());
                assertEquals(2 * EACH, store.statistics().residentBytes());
            }
            old.close();
            assertEquals(
                    new StoreStatistics(0, 2, 0, 2, 0, 1, 1, 0, EACH, 2 * EACH),
                    store.statistics());
            LoraException gone =
                    assertThrows(LoraException.class, () -> toy.forward(old.routing()));
            assertEquals("LoraUnknownAdapter", gone.code());
        }
        assertEquals(arrays, toy.liveArrays());
    }

    @Test
    void anAdapterThatIsGone_isUnknownAndFreed_andTheNearestNamesAreSaid() throws IOException {
        write("legal", 1);
        write("medical", 2);
        try (AdapterStore store = store(2)) {
            assertEquals(
                    "[LoraStoreUnknown] "
                            + root
                            + " has no adapter legl. Did you mean legal? It has 2; put the"
                            + " adapter's folder there, or ask for one of these.",
                    assertThrows(UnknownAdapterException.class, () -> store.lease("legl"))
                            .getMessage());
            store.preload("legal");
            delete(root.resolve("legal"));
            assertEquals("LoraStoreUnknown", code(store, "legal"));
            assertEquals(Set.of(), resident());
            assertEquals(
                    new StoreStatistics(0, 1, 2, 1, 0, 1, 0, 0, 0, 2 * EACH), store.statistics());
        }
    }

    @Test
    void aBrokenAdapter_isAnErrorForItselfUntilItChanges() throws IOException {
        float[] good = write("good", 1);
        write("broken", 2);
        Path weights = root.resolve("broken/adapter_model.safetensors");
        byte[] whole = Files.readAllBytes(weights);
        Files.write(weights, Arrays.copyOf(whole, whole.length - 1));
        try (AdapterStore store = store(1)) {
            store.preload("good");
            CheckpointException first =
                    assertThrows(CheckpointException.class, () -> store.lease("broken"));
            assertEquals("SafetensorsTensor", first.code());
            assertArrayEquals(good, answer(store, "good"));
            long loads = store.statistics().loads();
            assertThrows(CheckpointException.class, () -> store.lease("broken"));
            assertEquals(Set.of("good"), resident(), "nothing made room for what cannot be loaded");
            assertEquals(loads, store.statistics().loads());
            Files.write(weights, whole);
            store.preload("broken");
            assertEquals(Set.of("broken"), resident());
            assertEquals(2, store.statistics().failures());
        }
    }

    @Test
    void namesThatArePaths_areRefusedBeforeAnyFileIsTouched() throws IOException {
        write("a", 1);
        try (AdapterStore store = store(1)) {
            for (String name : List.of("../a", "a/../a", "a\\b", "", ".", "..", "/etc", "a\0b")) {
                assertEquals("LoraAdapterName", code(store, name));
            }
        }
    }

    @Test
    void linksThatLeaveTheDirectory_areRefused_andLinksWithinAreNot(@TempDir Path elsewhere)
            throws IOException {
        float[] inside = write("a", 1);
        toy.write(elsewhere.resolve("b"), RANK, 2);
        Files.createSymbolicLink(root.resolve("out"), elsewhere.resolve("b"));
        Files.createSymbolicLink(root.resolve("in"), root.resolve("a"));
        Files.createSymbolicLink(root.resolve("dangling"), root.resolve("none"));
        try (AdapterStore store = store(1)) {
            assertEquals(
                    "[CheckpointLink] "
                            + root.resolve("out")
                            + " is a link to "
                            + elsewhere.resolve("b").toRealPath()
                            + ", outside the store's directory. Copy the adapter into it (cp -rL).",
                    assertThrows(CheckpointException.class, () -> store.lease("out")).getMessage());
            assertArrayEquals(inside, answer(store, "in"));
            assertEquals("LoraStoreUnknown", code(store, "dangling"));
        }
    }

    @Test
    void aHubsCache_isAStore_thatFollowsItsCurrentSnapshot() throws IOException {
        Path repository = root.resolve("models--me--a");
        float[] first = toy.write(repository.resolve("snapshots").resolve("c1"), RANK, 1);
        toy.write(repository.resolve("snapshots").resolve("c2"), RANK, 2);
        Path main = Files.createDirectories(repository.resolve("refs")).resolve("main");
        Files.writeString(main, "c1");
        Files.createDirectories(root.resolve("models--me--empty").resolve("snapshots"));
        try (AdapterStore store = store(1)) {
            assertEquals(Set.of("models--me--a"), store.names());
            assertArrayEquals(first, answer(store, "models--me--a"));
            Files.writeString(main, "c2");
            assertFalse(Arrays.equals(first, answer(store, "models--me--a")));
            assertEquals(
                    "CheckpointSnapshot",
                    assertThrows(CheckpointException.class, () -> store.lease("models--me--empty"))
                            .code());
        }
    }

    @Test
    void aNameOfTheStoresKindOnTheModel_isNoObstacle() throws IOException {
        float[] a = write("a", 1);
        toy.lora().load("a.1", root.resolve("a"));
        try (AdapterStore store = store(1)) {
            try (AdapterLease lease = store.lease("a")) {
                assertEquals("a.2", lease.routedName());
            }
            assertArrayEquals(a, answer(store, "a"));
        }
        toy.lora().remove("a.1");
    }

    @Test
    void theLongestName_isAName() throws IOException {
        String name = "x".repeat(128);
        float[] expected = write(name, 1);
        try (AdapterStore store = store(1)) {
            assertArrayEquals(expected, answer(store, name));
        }
    }

    @Test
    void aClosedStore_lendsNothing_andFreesWhatIsReleased() throws IOException {
        write("a", 1);
        int arrays = toy.liveArrays();
        AdapterStore store = store(1);
        AdapterLease lease = store.lease("a");
        assertFalse(store.isClosed());
        store.close();
        assertTrue(store.isClosed());
        assertEquals("LoraStoreClosed", code(store, "a"));
        toy.forward(lease.routing());
        lease.close();
        assertEquals(arrays, toy.liveArrays());
        assertEquals(1, store.statistics().evictions());
    }

    @Test
    void aStoreNeedsADirectoryAndABudget() throws IOException {
        Path file = Files.writeString(root.resolve("file"), "");
        assertEquals(
                "[LoraStoreDirectory] "
                        + file
                        + " is not a directory. Give the directory that has a folder for each"
                        + " adapter.",
                assertThrows(LoraException.class, () -> AdapterStore.open(toy.lora(), file, 1))
                        .getMessage());
        LoraException none =
                assertThrows(LoraException.class, () -> AdapterStore.open(toy.lora(), root, 0));
        assertEquals("LoraStoreBudget", none.code());
        assertTrue(none.getMessage().contains("The budget is 0 bytes"), none.getMessage());
    }

    @Test
    void foldersThatAreNoAdapters_areNotListed() throws IOException {
        write("a", 1);
        Files.createDirectory(root.resolve("empty"));
        Files.createDirectory(root.resolve("a.partial"));
        Files.writeString(root.resolve("note.txt"), "");
        try (AdapterStore store = store(1)) {
            assertEquals(Set.of("a"), store.names());
            CheckpointException missing =
                    assertThrows(CheckpointException.class, () -> store.lease("empty"));
            assertEquals("CheckpointMissing", missing.code());
        }
    }

    @Test
    void theBase_isWhatIsForwardedWithoutALease() throws IOException {
        float[] base = toy.forward(Routing.none());
        float[] a = write("a", 1);
        assertNotEquals(Arrays.toString(base), Arrays.toString(a));
    }

    private static String code(AdapterStore store, String name) {
        return assertThrows(LoraException.class, () -> store.lease(name)).code();
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
    }
}
