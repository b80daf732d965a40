package dev.ligature.internal.names;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

final class NearestTest {
    @Test
    void distances_countEditsAndExchangesOfNeighbours() {
        assertEquals(3, Nearest.distance("kitten", "sitting"));
        assertEquals(1, Nearest.distance("q_porj", "q_proj"));
        assertEquals(3, Nearest.distance("ca", "abc"));
        assertEquals(4, Nearest.distance("", "head"));
    }

    @Test
    void nearNames_areListedNearestFirst() {
        assertEquals(
                " Did you mean q_proj or k_proj or o_proj?",
                Nearest.hint("q_projs", List.of("v_projection", "o_proj", "k_proj", "q_proj")));
    }

    @Test
    void farNames_areNotSuggested() {
        assertEquals("", Nearest.hint("wte", List.of("embed_tokens", "lm_head")));
    }
}
