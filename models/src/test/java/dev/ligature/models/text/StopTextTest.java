package dev.ligature.models.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class StopTextTest {
    @Test
    void aTextThatMayBeginAStop_isHeldBackUntilItIsCertain() {
        StopText text = new StopText(List.of("\n\n", "END"));
        assertEquals("ab", text.add("ab"));
        assertEquals("c", text.add("cE"));
        assertEquals("E", text.add("E"));
        assertEquals("", text.add("N"));
        assertEquals("ENx", text.add("x\n"));
        assertEquals("\ny", text.add("y"));
        assertFalse(text.isStopped());
        assertEquals("z", text.add("zEND and more"));
        assertTrue(text.isStopped());
        assertEquals("", text.add("more"));
        assertEquals("", text.finish());
    }

    @Test
    void whatWasHeldBack_comesWithTheEnd() {
        StopText text = new StopText(List.of("END"));
        assertEquals("a", text.add("aEN"));
        assertEquals("EN", text.finish());
    }

    @Test
    void ofSeveralStops_theFirstInTheTextCounts() {
        StopText text = new StopText(List.of("d", "bc"));
        assertEquals("a", text.add("abcd"));
        assertTrue(text.isStopped());
    }

    @Test
    void anyText_inAnyPieces_isCutAtTheFirstStop() {
        Random random = new Random(1);
        for (int round = 0; round < 2000; round++) {
            String whole = letters(random, random.nextInt(20));
            List<String> stops =
                    List.of(
                            letters(random, 1 + random.nextInt(3)),
                            letters(random, 1 + random.nextInt(4)));
            int cut = whole.length();
            for (String stop : stops) {
                int at = whole.indexOf(stop);
                cut = at >= 0 ? Math.min(cut, at) : cut;
            }
            StopText text = new StopText(stops);
            StringBuilder given = new StringBuilder();
            for (int at = 0; at < whole.length(); ) {
                int end = Math.min(whole.length(), at + 1 + random.nextInt(4));
                given.append(text.add(whole.substring(at, end)));
                at = end;
            }
            given.append(text.finish());
            String shown = whole + " stopped by " + stops;
            // Pieces come one by one: a longer stop that begins earlier may not be complete yet.
            assertTrue(whole.startsWith(given.toString()), shown);
            assertTrue(given.length() >= cut, shown);
            for (String stop : stops) {
                assertFalse(given.toString().contains(stop), shown + ": " + given);
            }
        }
    }

    private static String letters(Random random, int length) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < length; i++) {
            text.append((char) ('a' + random.nextInt(3)));
        }
        return text.toString();
    }
}
