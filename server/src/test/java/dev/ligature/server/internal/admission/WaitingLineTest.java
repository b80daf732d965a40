package dev.ligature.server.internal.admission;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ligature.server.internal.engine.Generation;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The order in which requests are given places. */
final class WaitingLineTest {
    private static final int MOST = 3;

    private final WaitingLine<Generation> line = new WaitingLine<>(MOST);
    private long releases = 1;

    private Candidate<Generation> add(String model) {
        Candidate<Generation> candidate =
                new Candidate<>(
                        model,
                        Long.MAX_VALUE,
                        () -> false,
                        lease -> {
                            throw new AssertionError("not begun here");
                        },
                        error -> {
                            throw new AssertionError("not refused here");
                        });
        line.add(candidate);
        return candidate;
    }

    private Candidate<Generation> next() {
        return line.ask(Set.of("here")::contains, releases, false, true);
    }

    @Test
    void thoseWhoseAdaptersAreInMemory_goFirst_andTheOthersInTheirOrder() {
        Candidate<Generation> first = add("first");
        Candidate<Generation> second = add("second");
        Candidate<Generation> third = add("here");
        assertSame(third, next());
        assertSame(first, next());
        assertSame(second, next());
        assertNull(next());
        assertEquals(3, line.asking());
        assertEquals(3, line.size(), "they stay until they have their adapters");
        List.of(first, second, third).forEach(line::remove);
        assertEquals(0, line.asking());
        assertEquals(0, line.size());
    }

    @Test
    void oneWithoutRoom_isAskedAgainOnceALeaseHasEnded() {
        Candidate<Generation> blocked = add("blocked");
        assertSame(blocked, next());
        line.keep(blocked);
        assertTrue(blocked.isBlocked());
        assertNull(next());
        assertSame(
                blocked, line.ask(model -> false, releases, true, true), "where nobody holds any");
        line.keep(blocked);
        releases++;
        assertSame(blocked, next());
    }

    @Test
    void oneThatWasPassedOverOftenEnough_isPassedOverNoMore() {
        Candidate<Generation> blocked = add("blocked");
        assertSame(blocked, next());
        line.keep(blocked);
        for (int i = 0; i < MOST; i++) {
            Candidate<Generation> later = add(i % 2 == 0 ? "here" : "loaded");
            assertSame(later, next());
            line.remove(later);
        }
        Candidate<Generation> waits = add("here");
        assertNull(next(), "though its adapter is in memory");
        releases++;
        assertSame(blocked, next());
        assertNull(next(), "while it is asked whether there is room");
        line.keep(blocked);
        releases++;
        assertSame(blocked, next());
        line.remove(blocked);
        assertSame(waits, next());
    }

    @Test
    void oneWhoseAdapterTakesLongToLoad_holdsUpNobody() {
        Candidate<Generation> slow = add("slow");
        assertSame(slow, next());
        for (int i = 0; i < 5 * MOST; i++) {
            Candidate<Generation> later = add("here");
            assertSame(later, next(), "after " + i);
            line.remove(later);
        }
        assertEquals(0, slow.passed(), "it has its place");
        line.keep(slow); // now it waits for the leases of others
        for (int i = 0; i < MOST; i++) {
            Candidate<Generation> later = add("here");
            assertSame(later, next());
            line.remove(later);
        }
        add("here");
        assertNull(next());
    }

    @Test
    void oneThatPassesWhileAnotherIsAskedFor_countsForThoseThatItPassed() {
        Candidate<Generation> slow = add("slow");
        assertSame(slow, next());
        Candidate<Generation> waits = add("waits");
        Candidate<Generation> here = add("here");
        assertSame(here, next());
        line.keep(slow);
        line.keep(here);
        assertEquals(0, slow.passed());
        assertEquals(0, waits.passed());
    }

    @Test
    void oneWhoseAdapterIsLoaded_holdsUpNobody_howeverManyComeAfterIt() {
        Candidate<Generation> slow = add("slow");
        assertSame(slow, next());
        assertEquals(1, line.loading());
        for (int i = 0; i < 3 * MOST; i++) {
            Candidate<Generation> later = add("here");
            assertSame(later, next());
            assertEquals(2, line.asking());
            assertEquals(1, line.loading());
            line.remove(later);
        }
        add("other");
        for (int i = 0; i < 3 * MOST; i++) {
            assertNull(
                    line.ask(Set.of("here")::contains, releases, false, false),
                    "and no further one is loaded where there is no place for it");
            Candidate<Generation> later = add("here");
            assertSame(later, line.ask(Set.of("here")::contains, releases, false, false));
            line.remove(later);
        }
        line.remove(slow);
        assertEquals(0, line.loading());
    }

    @Test
    void oneThatComesToNothing_hasPassedNobody() {
        Candidate<Generation> blocked = add("blocked");
        assertSame(blocked, next());
        line.keep(blocked);
        Candidate<Generation> other = add("other");
        for (int i = 0; i < 2 * MOST; i++) {
            assertSame(other, line.ask("other"::equals, releases, false, true));
            line.keep(other);
            releases++;
        }
        assertEquals(0, blocked.passed());
    }
}
