package dev.ligature.server.internal.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which answers there is room for. */
final class AnswerRoomTest {
    @Test
    void whatDoesNotFit_waitsInTheOrderOfArrival() {
        AnswerRoom room = new AnswerRoom(10);
        List<String> begun = new ArrayList<>();
        room.take(6, () -> begun.add("a"));
        room.take(6, () -> begun.add("b"));
        room.take(1, () -> begun.add("c"));
        assertEquals(List.of("a"), begun);
        assertEquals(6, room.used());
        room.give(6);
        assertEquals(List.of("a", "b", "c"), begun);
        assertEquals(7, room.used());
        room.take(50, () -> begun.add("large"));
        room.give(6);
        assertEquals(3, begun.size());
        room.give(1);
        assertEquals(List.of("a", "b", "c", "large"), begun, "it is alone");
    }

    @Test
    void whatIsThereAlready_goesBeforeWhatWaits_ifItFits() {
        AnswerRoom room = new AnswerRoom(10);
        List<String> begun = new ArrayList<>();
        room.take(6, () -> begun.add("a"));
        room.take(6, () -> begun.add("b"));
        assertTrue(room.offer(4));
        assertFalse(room.offer(1));
        assertEquals(10, room.used());
        room.give(4);
        assertEquals(List.of("a"), begun);
        room.give(6);
        assertEquals(List.of("a", "b"), begun);
    }
}
