package dev.ligature.server.internal.admission;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The names of models, and what is logged of those that cannot be used. */
final class ServedModelsTest {
    @ParameterizedTest
    @CsvSource({
        "Llama-3.2-1B,meta-llama/Llama-3.2-1B",
        "base,/srv/models/base/",
        "Qwen3-0.6B,/data/huggingface/hub/models--Qwen--Qwen3-0.6B/snapshots/c1899de",
        "name,name",
    })
    void theNameOfABase_isTheLastPart(String name, String written) {
        assertEquals(name, ServedModels.lastName(written));
    }

    @Test
    void aReason_isLoggedWhenItIsNew() {
        SaidReasons said = new SaidReasons();

        assertTrue(said.isNews("alpha", "no such file"));
        assertFalse(said.isNews("alpha", "no such file"));
        assertTrue(said.isNews("beta", "no such file"));
        assertTrue(said.isNews("alpha", "access denied"));
        assertTrue(said.isNews("alpha", "no such file"));
    }
}
