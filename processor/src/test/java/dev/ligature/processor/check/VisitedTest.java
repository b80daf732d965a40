package dev.ligature.processor.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.ligature.processor.model.ClassId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class VisitedTest {
    private final Visited<String> visited = new Visited<>("cut");
    private final List<String> walked = new ArrayList<>();

    /** What leads where: b and c are reached twice, x and y lead to each other. */
    private final Map<String, List<String>> reached =
            Map.of(
                    "a", List.of("b", "c"),
                    "b", List.of("c"),
                    "c", List.of(),
                    "x", List.of("y", "c"),
                    "y", List.of("x"),
                    "top", List.of("x", "b"));

    @Test
    void aClassThatSeveralReach_isWalkedOnce() {
        assertEquals("a(b(c())c())", walk("a"));
        assertEquals("b(c())", walk("b"));
        assertEquals(List.of("a", "b", "c"), walked);
    }

    @Test
    void aClassWithinItself_isNotFollowed() {
        assertEquals("x(y(cut)c())", walk("x"));
    }

    @Test
    void whatIsFoundOnACircle_isNotKept_becauseItDependsOnTheStart() {
        walk("x");

        assertEquals("y(x(cutc()))", walk("y"));
        assertEquals("top(x(y(cut)c())b(c()))", walk("top"));
        assertEquals(1, walked.stream().filter("c"::equals).count());
    }

    @Test
    void whatLeadsToACircle_isNotKeptEither_evenIfItsLastPartIsRight() {
        walk("top");
        walk("top");

        assertEquals(2, walked.stream().filter("top"::equals).count());
        assertEquals(1, walked.stream().filter("b"::equals).count());
    }

    @Test
    void aWalkThatFails_leavesNothingOpen() {
        ClassId id = id("a");
        assertThrows(
                IllegalStateException.class,
                () ->
                        visited.once(
                                id,
                                () -> {
                                    throw new IllegalStateException();
                                }));

        assertEquals("a(b(c())c())", walk("a"));
    }

    private String walk(String name) {
        return visited.once(
                id(name),
                () -> {
                    walked.add(name);
                    StringBuilder found = new StringBuilder(name + "(");
                    reached.get(name).forEach(next -> found.append(walk(next)));
                    return found.append(")").toString();
                });
    }

    private static ClassId id(String name) {
        return new ClassId("p", List.of(name));
    }
}
