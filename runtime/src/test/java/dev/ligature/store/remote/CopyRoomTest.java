package dev.ligature.store.remote;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.store.remote.CopyRoom.Copy;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What has to be deleted, while that takes its time. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class CopyRoomTest {
    private final CopyRoom room = new CopyRoom(Path.of("cache"), 10);

    private Copy add(String name) {
        Copy copy = new Copy(Path.of(name), 4);
        assertEquals(List.of(), room.add(new CopyRoom.Key(name, "1"), copy, 0));
        return copy;
    }

    @Test
    void whileACopyIsDeleted_othersAreUsed_andItsRoomIsWaitedFor() throws Exception {
        Copy a = add("a");
        add("b");
        List<Copy> dropped = new ArrayList<>();
        assertFalse(room.reserve("c", 4, dropped));
        assertEquals(List.of(a), dropped);
        assertEquals(8, room.bytes(), "it is still there");
        assertNotNull(
                room.read(new CopyRoom.Key("b", "1")), "and this thread does not hold up others");
        CompletableFuture<Boolean> other =
                CompletableFuture.supplyAsync(
                        () -> {
                            try {
                                boolean isReserved = room.reserve("d", 4, new ArrayList<>());
                                return isReserved || room.reserve("d", 4, new ArrayList<>());
                            } catch (IOException e) {
                                throw new AssertionError(e);
                            }
                        });
        TimeUnit.MILLISECONDS.sleep(200);
        assertFalse(other.isDone());
        room.erased(a);
        assertTrue(other.get(30, TimeUnit.SECONDS));
        assertEquals(8, room.bytes());
    }

    @Test
    void nothingIsTakenOut_ifThatWouldNotBeEnough() throws IOException {
        add("a");
        add("b");
        assertNotNull(room.read(new CopyRoom.Key("b", "1")));
        List<Copy> dropped = new ArrayList<>();
        CheckpointException full =
                assertThrows(CheckpointException.class, () -> room.reserve("c", 7, dropped));
        assertEquals("SourceCacheFull", full.code());
        assertEquals(List.of(), dropped);
        assertEquals(List.of("a", "b"), room.names());
    }

    @Test
    void whatIsReadOrUsed_isTakenOutAfterWhatIsNot() throws IOException {
        Copy a = add("a");
        Copy b = add("b");
        room.use(new CopyRoom.Key("a", "1"));
        List<Copy> dropped = new ArrayList<>();
        assertFalse(room.reserve("c", 4, dropped));
        assertEquals(List.of(b), dropped);
        assertTrue(room.read(new CopyRoom.Key("a", "1")) == a);
        room.discard(new CopyRoom.Key("a", "1"), a);
        assertFalse(room.has(new CopyRoom.Key("a", "1")));
        assertTrue(room.leave(a), "its last reader deletes it");
    }
}
