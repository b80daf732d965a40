package dev.ligature.processor;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ligature.processor.diag.Nearest;
import java.util.List;
import org.junit.jupiter.api.Test;

class NearestTest {
    @Test
    void nearNamesAreOffered_nearestFirst() {
        assertEquals(
                " Did you mean embed_tokens or embed_token_s?",
                Nearest.hint("embed_tokns", List.of("embed_token_s", "lm_head", "embed_tokens")));
    }

    @Test
    void theEndOfAPathIsCompared() {
        assertEquals(
                " Did you mean model.embed_tokens?",
                Nearest.hint("embed_tokns", List.of("model.embed_tokens", "model.norm")));
    }

    @Test
    void atMostThreeAreOffered() {
        assertEquals(
                " Did you mean w1 or w2 or w3?",
                Nearest.hint("w0", List.of("w4", "w3", "w2", "w1")));
    }

    @Test
    void aThirdOfTheName_butNoMoreThanFour_isNear() {
        assertEquals(" Did you mean abcdxy?", Nearest.hint("abcdef", List.of("abcdxy")));
        assertEquals(" Known: abcxyz.", Nearest.hint("abcdef", List.of("abcxyz")));
        String name = "abcdefghijklmnopqrstuvwxyz";
        assertEquals(
                " Did you mean 0123efghijklmnopqrstuvwxyz?",
                Nearest.hint(name, List.of("0123efghijklmnopqrstuvwxyz")));
        assertEquals(
                " Known: 01234fghijklmnopqrstuvwxyz.",
                Nearest.hint(name, List.of("01234fghijklmnopqrstuvwxyz")));
    }

    @Test
    void withoutANearName_fewAreListed_manyAreNot() {
        assertEquals(" Known: k, q.", Nearest.hint("something", List.of("q", "k", "q")));
        assertEquals("", Nearest.hint("something", List.of("a", "b", "c", "d", "e", "f", "g")));
        assertEquals("", Nearest.hint("something", List.of()));
    }
}
