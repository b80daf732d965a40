package dev.ligature.models.families;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.models.ModelFamily;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What would change a family's numbers and is not computed is refused, by the family's class. */
final class FamilyConfigTest {
    @TempDir Path directory;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "phi3|rope_scaling|{\"type\": \"longrope\", \"short_factor\": [1]}|rope_scaling.type"
                        + " is 'longrope', which Phi3ForCausalLM does not compute; it does"
                        + " rope_type \"default\"",
                "phi3|rope_parameters|{\"partial_rotary_factor\": 0.4}|partial_rotary_factor is"
                        + " 0.4; it must be at most 1, and an even number of a head's 8 elements",
                "phi3|hidden_act|\"quick_gelu\"|hidden_act is 'quick_gelu', which Phi3ForCausalLM"
                        + " does not compute; it does silu, swish, gelu, gelu_pytorch_tanh, gelu_new, relu",
                "olmo2|quantization_config|{}|quantization_config is {}, which Olmo2ForCausalLM",
                "olmo2|rope_scaling|{\"rope_type\": \"yarn\"}|rope_scaling.rope_type is 'yarn'",
                "gemma2|use_bidirectional_attention|true|use_bidirectional_attention is true, which"
                        + " Gemma2ForCausalLM does not compute; it does false",
                "gemma2|layer_types|[\"full_attention\"]|it does one type for each of num_hidden_layers",
                "gemma2|layer_types|[\"chunked_attention\"]|it does a list of full_attention and"
                        + " sliding_attention",
                "gemma2|query_pre_attn_scalar|0|query_pre_attn_scalar is 0.0; it must be positive",
                "gemma3|use_bidirectional_attention|true|which Gemma3ForCausalLM does not compute",
                "gemma3|rope_scaling|{\"rope_type\": \"linear\", \"factor\": 0.5}|rope_scaling."
                        + "factor is 0.5, which Gemma3ForCausalLM does not compute; it does 1 or more",
                "gemma3|rope_parameters|{\"other\": {}}|rope_parameters.other is {}",
                "gemma3|architectures|[\"Gemma3ForConditionalGeneration\"]|which Gemma3ForCausalLM"
                        + " does not compute",
                "gpt2|scale_attn_by_inverse_layer_idx|true|scale_attn_by_inverse_layer_idx is true,"
                        + " which GPT2LMHeadModel does not compute; it does false",
                "gpt2|reorder_and_upcast_attn|true|reorder_and_upcast_attn is true",
                "gpt2|add_cross_attention|true|add_cross_attention is true",
                "gpt2|n_head|3|n_embd is 16; it must be a multiple of n_head, which is 3",
                "mistral|rope_scaling|{\"rope_type\": \"yarn\"}|which MistralForCausalLM does not",
                "mistral|layer_types|[\"full_attention\", \"full_attention\"]|it does"
                        + " sliding_attention in every layer",
                "mistral|is_causal|false|is_causal is false, which MistralForCausalLM",
                "mistral|is_causal|null|is_causal is null, which MistralForCausalLM",
                "gpt2|num_attention_heads|2|num_attention_heads is 2, which GPT2LMHeadModel does"
                        + " not compute; it does what n_head is",
                "gpt2|num_hidden_layers|1|num_hidden_layers is 1",
                "gpt2|hidden_size|32|hidden_size is 32",
                "gpt2|max_position_embeddings|8|it does what n_positions is",
                "gemma3|rope_scaling|{\"type\": \"linear\", \"factor\": 8}|it does an object with a"
                        + " rope_type",
                "phi3|rope_parameters|{\"rope_type\": \"linear\", \"factor\": 2}|rope_parameters is",
            })
    void whatIsNotComputed_isRefusedByFieldValueAndClass(
            String name, String field, String value, String expected) throws IOException {
        Path base = Path.of("src/test/resources/families", name, "base/config.json");
        JsonObject config = JsonParser.parseString(Files.readString(base)).getAsJsonObject();
        config.add(field, JsonParser.parseString(value));
        Files.writeString(directory.resolve("config.json"), config.toString());
        ModelFamily<?> family = ModelFamily.of(directory);
        CheckpointException refusal =
                assertThrows(CheckpointException.class, () -> family.create(directory));
        String message = String.valueOf(refusal.getMessage());
        assertTrue(message.contains(expected), message);
        assertTrue(message.contains("config.json: "), message);
    }

    @ParameterizedTest
    @CsvSource({
        "gemma2, 64, 2, 8",
        "gemma3, 64, 3, 8",
        "gpt2, 64, 2, 4",
        "olmo2, 64, 2, 4",
        "phi3, 64, 2, 8"
    })
    void theSizes_thatGenerationNeeds_areThoseOfTheFile(
            String name, int positions, int layers, int headSize) throws IOException {
        try (FamilyCase reference = new FamilyCase(name)) {
            assertEquals(positions, reference.model().decoder().maxPositions());
            assertEquals(layers, reference.model().decoder().layers());
            assertEquals(headSize, reference.model().decoder().headSize());
        }
    }
}
