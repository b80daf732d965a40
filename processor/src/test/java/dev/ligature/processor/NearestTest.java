package dev.ligature.processor;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ligature.internal.hint.Nearest;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NearestTest {
    @Test
    void nearNamesAreOffered_nearestFirst() {
        assertEquals(
                " Did you mean embed_tokens or embed_token_s?",
                Nearest.hint("embed_tokns", List.of("embed_token_s", "lm_head", "embed_tokens")));
        assertEquals(
                " Did you mean q_proj or k_proj or o_proj?",
                Nearest.hint("q_projs", List.of("v_projection", "o_proj", "k_proj", "q_proj")));
    }

    @Test
    void theEndOfAPathIsCompared() {
        assertEquals(
                " Did you mean model.embed_tokens?",
                Nearest.hint("embed_tokns", List.of("model.embed_tokens", "model.norm")));
        assertEquals(
                " Did you mean model.layers.0.q_proj?",
                Nearest.hint("0.q_porj", List.of("model.layers.0.q_proj", "model.norm")));
    }

    @Test
    void theShortestOfSeveralEndsOfOnePath_isOffered() {
        assertEquals(
                " Did you mean q_proj?",
                Nearest.hint("q_prj", List.of("0.attn.q_proj", "attn.q_proj", "q_proj", "norm")));
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
        assertEquals("", Nearest.hint("abcdef", List.of("abcxyz")));
        String name = "abcdefghijklmnopqrstuvwxyz";
        assertEquals(
                " Did you mean 0123efghijklmnopqrstuvwxyz?",
                Nearest.hint(name, List.of("0123efghijklmnopqrstuvwxyz")));
        assertEquals("", Nearest.hint(name, List.of("01234fghijklmnopqrstuvwxyz")));
        assertEquals("", Nearest.hint("wte", List.of("embed_tokens", "lm_head")));
    }

    /** The limit is one edit for names of up to five letters, and two for six. */
    @ParameterizedTest
    @CsvSource({
        "q_rpoj, q_proj, true",
        "porj, proj, true",
        "proj, prj, true",
        "proj, projs, true",
        "proj, pqoj, true",
        "proj, pqqj, false",
        "ab, ba, true",
        "abc, ca, false",
        "kitten, sitting, false",
        "'', head, false",
    })
    void anExchangeOfNeighboursIsOneEdit(String name, String known, boolean isNear) {
        String expected = isNear ? " Did you mean " + known + "?" : "";
        assertEquals(expected, Nearest.hint(name, List.of(known)));
    }

    @Test
    void nothingIsNearANameOfOneLetter_orOfMoreThanTwoHundred() {
        assertEquals("", Nearest.hint("q", List.of("d", "e", "f", "q1")));
        String longest = "q".repeat(200);
        assertEquals(" Did you mean " + longest + "?", Nearest.hint(longest, List.of(longest)));
        assertEquals("", Nearest.hint(longest + "q", List.of(longest)));
    }

    @Test
    void oneLetterAsASegment_isNotNearAnother_butNumbersAre() {
        assertEquals("", Nearest.hint("model.x", List.of("model.d", "model.e", "model.f")));
        assertEquals(
                " Did you mean layers.1.wq?",
                Nearest.hint("layers.9.wq", List.of("layers.1.wq", "norm")));
        assertEquals(
                " Did you mean model.d?", Nearest.hint("modle.d", List.of("model.d", "model.e")));
    }

    @Test
    void withoutANearName_fewAreListed_manyAreNot() {
        assertEquals(" Known: k, q.", Nearest.hintOrAll("something", List.of("q", "k", "q")));
        assertEquals(" Known: d, e.", Nearest.hintOrAll("q", List.of("d", "e")));
        assertEquals(" Did you mean q2?", Nearest.hintOrAll("q1", List.of("q2", "norm")));
        assertEquals(
                "", Nearest.hintOrAll("something", List.of("a", "b", "c", "d", "e", "f", "g")));
        assertEquals("", Nearest.hintOrAll("something", List.of()));
    }
}
