package dev.ligature.internal.peft;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class AdapterLayoutTest {
    @ParameterizedTest
    @CsvSource({
        "base_model.model.q.lora_A.weight, q.lora_A.weight",
        "q.lora_A.default.weight, q.lora_A.weight",
        "q.lora_B.default.bias, q.lora_B.bias",
        "e.lora_embedding_B.default, e.lora_embedding_B",
        "q.lora_magnitude_vector.weight, q.lora_magnitude_vector",
        "q.lora_magnitude_vector.default.weight, q.lora_magnitude_vector",
        "a.default.q.lora_A.default.weight, a.default.q.lora_A.weight",
        "a.default.q.lora_A.weight, a.default.q.lora_A.weight",
    })
    void aKeyInTheSpellingOfPeftsModel_isReadAsTheWrittenOne(String key, String name) {
        assertEquals(name, AdapterLayout.name(key));
    }

    /** None of them is PEFT's; what the plan has no name for is refused. */
    @ParameterizedTest
    @CsvSource({
        "q.lora_magnitude_vector.default",
        "q.lora_A.default",
        "q.lora_A.other.weight",
        "q.lora_A.default.scale",
        "q.lora_A.default.default.weight",
        "e.lora_embedding_A.default.weight",
        "q.lora_C.default.weight",
        "qlora_A.default.weight",
        "q.base_layer.default.weight",
    })
    void anotherKey_staysAsItIs(String key) {
        assertEquals(key, AdapterLayout.name(key));
    }
}
