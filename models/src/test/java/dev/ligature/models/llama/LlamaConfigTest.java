package dev.ligature.models.llama;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ligature.LoraException;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.models.Oracle;
import dev.ligature.models.SpecialTokens;
import dev.ligature.models.block.Rope;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LlamaConfigTest {
    private static final String SIZES =
            "\"vocab_size\": 67, \"hidden_size\": 24, \"intermediate_size\": 40,"
                    + " \"num_hidden_layers\": 2, \"num_attention_heads\": 4";

    @TempDir Path directory;

    private LlamaConfig read(String json) throws IOException {
        Files.writeString(directory.resolve("config.json"), json);
        return LlamaConfig.read(directory);
    }

    private LlamaConfig llama(String more) throws IOException {
        return read("{\"model_type\": \"llama\", " + SIZES + more + "}");
    }

    private LlamaConfig qwen2(String more) throws IOException {
        return read("{\"model_type\": \"qwen2\", " + SIZES + more + "}");
    }

    private String refusal(String json) {
        String message = assertThrows(CheckpointException.class, () -> read(json)).getMessage();
        return message.replace(directory.toString(), "DIR");
    }

    @Test
    void absentFields_haveTransformersDefaults() throws IOException {
        LlamaConfig config = llama("");
        assertEquals(4, config.numKeyValueHeads());
        assertEquals(6, config.headDim());
        assertEquals(2048, config.maxPositionEmbeddings());
        assertEquals(1e-6, config.rmsNormEps());
        assertEquals(10_000, config.ropeTheta());
        assertFalse(config.tieWordEmbeddings());
        assertFalse(config.queryKeyValueBias());
        assertEquals(0.02, config.initializerRange());
        assertEquals("float32", config.dataType());
        assertEquals(new SpecialTokens(1, null, List.of(2)), config.tokens());
        assertEquals(new SpecialTokens(null, null, List.of()), qwen2("").tokens());
        assertEquals(32_768, qwen2("").maxPositionEmbeddings());
    }

    @Test
    void nullFields_countAsAbsent_butNullTokensAreNone() throws IOException {
        LlamaConfig config =
                llama(
                        ", \"head_dim\": null, \"num_key_value_heads\": null, \"rope_scaling\":"
                                + " null, \"quantization_config\": null, \"bos_token_id\": null,"
                                + " \"eos_token_id\": null");
        assertEquals(6, config.headDim());
        assertEquals(4, config.numKeyValueHeads());
        assertEquals(SpecialTokens.none(), config.tokens());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                ", \"rope_theta\": 5e5",
                ", \"rope_theta\": 500000, \"rope_scaling\": null",
                ", \"rope_theta\": 500000.0, \"rope_scaling\": {\"type\": \"default\"}",
                ", \"rope_parameters\": {\"rope_theta\": 500000.0, \"rope_type\": \"default\"}",
                ", \"rope_parameters\": {\"rope_theta\": 500000}, \"rope_theta\": 500000",
                ", \"rope_parameters\": {\"rope_type\": \"default\"}, \"rope_theta\": 500000"
            })
    void theRotaryBase_isReadAsOlderAndNewerVersionsWriteIt(String rope) throws IOException {
        assertEquals(500_000, llama(rope).ropeTheta());
    }

    @Test
    void qwen2_hasABiasOnQueryKeyAndValueWhateverTheConfigurationSays() throws IOException {
        LlamaConfig config = qwen2(", \"attention_bias\": false, \"mlp_bias\": true");
        assertTrue(config.queryKeyValueBias());
        assertFalse(config.outputBias());
        assertFalse(config.mlpBias());
        assertTrue(llama(", \"attention_bias\": true").outputBias());
    }

    @Test
    void stopIds_areThoseOfBothFiles() throws IOException {
        Files.writeString(
                directory.resolve("generation_config.json"),
                "{\"eos_token_id\": [5, 2], \"do_sample\": true}");
        assertEquals(List.of(5, 2, 7), llama(", \"eos_token_id\": [2, 7]").tokens().stops());
        Files.writeString(directory.resolve("generation_config.json"), "{\"eos_token_id\": 9}");
        assertEquals(List.of(9), llama(", \"eos_token_id\": null").tokens().stops());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "hidden_act|\"gelu\"|hidden_act is 'gelu'|silu",
                "partial_rotary_factor|0.5|partial_rotary_factor is 0.5|1",
                "quantization_config|{\"bits\": 4}|quantization_config is {bits=4}|unquantized"
                        + " weights",
                "architectures|[\"LlamaForSequenceClassification\"]|architectures is"
                        + " [LlamaForSequenceClassification]|LlamaForCausalLM",
                "rope_scaling|{\"rope_type\": \"dynamic\", \"factor\": 8}|rope_scaling.rope_type is"
                        + " 'dynamic'|rope_type \"default\" with a rope_theta, \"linear\" and \"llama3\"",
                "rope_scaling|{\"type\": \"longrope\"}|rope_scaling.type is 'longrope'|rope_type"
                        + " \"default\" with a rope_theta, \"linear\" and \"llama3\"",
                "rope_parameters|{\"rope_type\": \"yarn\"}|rope_parameters.rope_type is"
                        + " 'yarn'|rope_type \"default\" with a rope_theta, \"linear\" and \"llama3\"",
                "rope_parameters|{\"factor\": 2}|rope_parameters.factor is 2|rope_type \"default\""
                        + " with a rope_theta, \"linear\" and \"llama3\"",
                "rope_parameters|{\"full_attention\": {}}|rope_parameters.full_attention is"
                        + " {}|rope_type \"default\" with a rope_theta, \"linear\" and \"llama3\"",
            })
    void whatIsNotComputed_isRefusedByFieldAndValue(
            String field, String value, String what, String wanted) {
        assertEquals(
                "[ConfigUnsupported] DIR/config.json: "
                        + what
                        + ", which LlamaForCausalLM does not compute; it does "
                        + wanted
                        + ". Use a checkpoint of that kind.",
                refusal(
                        "{\"model_type\": \"llama\", "
                                + SIZES
                                + ", \""
                                + field
                                + "\": "
                                + value
                                + "}"));
    }

    @Test
    void theSlidingWindowOfQwen2_isRefused() throws IOException {
        String start = "{\"model_type\": \"qwen2\", " + SIZES;
        assertEquals(
                "[ConfigUnsupported] DIR/config.json: use_sliding_window is true, which"
                        + " Qwen2ForCausalLM does not compute; it does false. Use a checkpoint of"
                        + " that kind.",
                refusal(start + ", \"use_sliding_window\": true, \"max_window_layers\": 1}"));
        assertEquals(
                "[ConfigUnsupported] DIR/config.json: layer_types is [full_attention,"
                        + " sliding_attention], which Qwen2ForCausalLM does not compute; it does"
                        + " full_attention in every layer. Use a checkpoint of that kind.",
                refusal(
                        start
                                + ", \"layer_types\": [\"full_attention\","
                                + " \"sliding_attention\"]}"));
        assertEquals(
                24,
                qwen2(", \"use_sliding_window\": false, \"sliding_window\": 4096").hiddenSize());
        // No layer has a window: they begin at layer 28, or there is none, or all are listed.
        assertEquals(24, qwen2(", \"use_sliding_window\": true").hiddenSize());
        assertEquals(
                24,
                qwen2(
                                ", \"use_sliding_window\": true, \"max_window_layers\": 1,"
                                        + " \"sliding_window\": null")
                        .hiddenSize());
        assertEquals(
                24,
                qwen2(
                                ", \"use_sliding_window\": true, \"max_window_layers\": 1,"
                                        + " \"layer_types\": [\"full_attention\"]")
                        .hiddenSize());
    }

    @Test
    void whatChangesTrainingAlone_isRead() throws IOException {
        assertEquals(24, llama(", \"pretraining_tp\": 2").hiddenSize());
        assertEquals(24, llama(", \"attention_dropout\": 0.1").hiddenSize());
        assertEquals(24, llama(", \"attention_dropout\": null").hiddenSize());
    }

    @Test
    void anotherModelType_isRefusedByName() {
        assertEquals(
                "[ConfigUnsupported] DIR/config.json: model_type is 'mixtral', which"
                        + " LlamaForCausalLM does not compute; it does llama, qwen2, qwen3,"
                        + " mistral, smollm3. Use a checkpoint of that kind.",
                refusal("{\"model_type\": \"mixtral\", " + SIZES + "}"));
        assertTrue(refusal("{" + SIZES + "}").contains("model_type is null"));
    }

    @Test
    void twoRotaryBasesThatDisagree_areRefused() {
        assertEquals(
                "[ConfigField] DIR/config.json: rope_parameters.rope_theta is 2.0 and rope_theta is"
                        + " 3.0. Remove one of them.",
                refusal(
                        "{\"model_type\": \"llama\", "
                                + SIZES
                                + ", \"rope_theta\": 3, \"rope_parameters\": {\"rope_theta\":"
                                + " 2}}"));
    }

    @Test
    void fieldsThatAreMissingOrOfTheWrongType_areNamed() {
        assertEquals(
                "[ConfigField] DIR/config.json: the field vocab_size is missing. It must be a whole"
                        + " number.",
                refusal("{\"model_type\": \"llama\"}"));
        assertEquals(
                "[ConfigField] DIR/config.json: vocab_size is '67'; it must be a whole number of at"
                        + " most 2147483647.",
                refusal("{\"model_type\": \"llama\", \"vocab_size\": \"67\"}"));
        assertEquals(
                "[ConfigField] DIR/config.json: vocab_size is 6.5; it must be a whole number of at"
                        + " most 2147483647.",
                refusal("{\"model_type\": \"llama\", \"vocab_size\": 6.5}"));
        assertEquals(
                "[ConfigField] DIR/config.json: tie_word_embeddings is 1; it must be true or"
                        + " false.",
                refusal("{\"model_type\": \"llama\", " + SIZES + ", \"tie_word_embeddings\": 1}"));
        assertEquals(
                "[ConfigField] DIR/config.json: rope_parameters is 1; it must be an object.",
                refusal("{\"model_type\": \"llama\", " + SIZES + ", \"rope_parameters\": 1}"));
        assertEquals(
                "[ConfigField] DIR/config.json: eos_token_id is 'x'; it must be a whole number of"
                        + " at most 2147483647.",
                refusal(
                        "{\"model_type\": \"llama\", "
                                + SIZES
                                + ", \"eos_token_id\": [2, \"x\"]}"));
    }

    @Test
    void impossibleSizes_areNamed() {
        assertEquals(
                "[ConfigValue] DIR/config.json: num_key_value_heads is 3; it must be a divisor of"
                        + " num_attention_heads, 4.",
                refusal("{\"model_type\": \"llama\", " + SIZES + ", \"num_key_value_heads\": 3}"));
        assertEquals(
                "[ConfigValue] DIR/config.json: head_dim, or hidden_size / num_attention_heads where it is not"
                        + " set, is 5; it must be positive and even.",
                refusal("{\"model_type\": \"llama\", " + SIZES + ", \"head_dim\": 5}"));
        String computed =
                refusal(
                        "{\"model_type\": \"llama\", "
                                + SIZES.replace("heads\": 4", "heads\": 8")
                                + "}");
        assertTrue(computed.contains("where it is not set, is 3; it must be"), computed);
        LoraException built =
                assertThrows(
                        LoraException.class, () -> LlamaConfig.builder().setVocabSize(10).build());
        assertEquals("[ConfigValue] hidden_size is 0; it must be positive.", built.getMessage());
    }

    @Test
    void filesThatAreNoJsonObject_areErrors() {
        assertTrue(
                refusal("[1]")
                        .startsWith("[CheckpointJson] DIR/config.json: it is not a JSON object"));
        assertTrue(refusal("{} {}").startsWith("[CheckpointJson] DIR/config.json: "));
        assertEquals(
                "[CheckpointJson] DIR/config.json: it is not a JSON object (Expected name at line 1"
                        + " column 10 path $.a). Write it again with the tool that made it.",
                refusal("{\"a\": 1,}"));
        assertTrue(refusal("").startsWith("[CheckpointJson] DIR/config.json: it ends too early"));
        assertTrue(refusal("{\"a\": ").startsWith("[CheckpointJson] DIR/config.json"));
        assertTrue(
                refusal("{\"a\": 1, \"a\": 1}")
                        .startsWith(
                                "[CheckpointJsonDuplicate] DIR/config.json: the key 'a' is there"
                                        + " twice"));
    }

    @Test
    void aDirectoryWithoutConfiguration_isAnError() {
        CheckpointException error =
                assertThrows(CheckpointException.class, () -> LlamaConfig.read(directory));
        assertEquals(
                "[ConfigMissing] "
                        + directory
                        + " has no config.json. Give the directory of a Hugging Face checkpoint.",
                error.getMessage());
    }

    private LlamaConfig of(String type, String more) throws IOException {
        return read(
                "{\"model_type\": \""
                        + type
                        + "\", \"num_key_value_heads\": 2, "
                        + SIZES
                        + more
                        + "}");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                ", \"rope_theta\": 5e5, \"rope_scaling\": {\"rope_type\": \"llama3\", %s}",
                ", \"rope_parameters\": {\"rope_theta\": 5e5, \"rope_type\": \"llama3\", %s}"
            })
    void theScalingOfLlama3_isReadAsOlderAndNewerVersionsWriteIt(String rope) throws IOException {
        String factors = "\"factor\": 8, \"low_freq_factor\": 1, \"high_freq_factor\": 4";
        LlamaConfig config =
                llama(rope.formatted(factors + ", \"original_max_position_embeddings\": 8192"));
        Rope expected = new Rope(5e5, 1, new Rope.Llama3(8, 1, 4, 8192));
        assertEquals(expected, config.rope());
        assertEquals(config, read(config.toJson()));
        // Transformers takes the longest text of the model where the first training's is not named.
        assertEquals(
                new Rope.Llama3(8, 1, 4, 2000),
                llama(rope.formatted(factors) + ", \"max_position_embeddings\": 2000")
                        .rope()
                        .scaling());
        String refused =
                refusal(
                        "{\"model_type\": \"llama\", "
                                + SIZES
                                + rope.formatted("\"factor\": 8, \"low_freq_factor\": 1")
                                + "}");
        assertTrue(refused.contains("high_freq_factor is missing. It must be a number."), refused);
    }

    @Test
    void linearScaling_isReadAndWritten() throws IOException {
        LlamaConfig config = llama(", \"rope_scaling\": {\"type\": \"linear\", \"factor\": 8.0}");
        assertEquals(new Rope(10_000, 1, new Rope.Linear(8)), config.rope());
        assertEquals(config, read(config.toJson()));
        float[] plain = Rope.of(10_000).signedFrequencies(6);
        float[] divided = config.rope().signedFrequencies(6);
        for (int i = 0; i < plain.length; i++) {
            assertEquals(plain[i] / 8, divided[i]);
        }
        String refused =
                refusal(
                        "{\"model_type\": \"llama\", "
                                + SIZES
                                + ", \"rope_scaling\": {\"type\": \"linear\"}}");
        assertTrue(refused.contains("rope_scaling.factor is missing."), refused);
    }

    @Test
    void theWindowOfMistral_isReadAndWritten_andNullIsNone() throws IOException {
        assertEquals(4096, of("mistral", "").slidingWindow());
        assertEquals(0, of("mistral", ", \"sliding_window\": null").slidingWindow());
        assertEquals(7, of("mistral", ", \"sliding_window\": 7").slidingWindow());
        for (String window : List.of("null", "7")) {
            LlamaConfig config = of("mistral", ", \"sliding_window\": " + window);
            assertEquals(config, read(config.toJson()));
        }
        assertEquals(new SpecialTokens(1, null, List.of(2)), of("mistral", "").tokens());
        String start =
                "{\"model_type\": \"mistral\", \"num_key_value_heads\": 2, "
                        + SIZES
                        + ", \"sliding_window\": ";
        assertTrue(
                refusal(start + "0}")
                        .contains(
                                "sliding_window is 0, which MistralForCausalLM does not compute;"
                                        + " it does a positive number, and null."),
                refusal(start + "0}"));
    }

    @Test
    void theLayersOfSmolLM3_withoutPositions_areCountedOrListed() throws IOException {
        String four = "{\"model_type\": \"smollm3\", \"num_key_value_heads\": 2, ";
        String sizes = SIZES.replace("layers\": 2", "layers\": 9");
        assertEquals(List.of(3, 7), read(four + sizes + "}").ropeless());
        assertEquals(
                List.of(1, 3, 5, 7),
                read(four + sizes + ", \"no_rope_layer_interval\": 2}").ropeless());
        LlamaConfig listed = of("smollm3", ", \"no_rope_layers\": [0, 1, 0]");
        assertEquals(List.of(0), listed.ropeless());
        assertEquals(2_000_000, listed.ropeTheta());
        assertTrue(listed.tieWordEmbeddings());
        assertEquals(new SpecialTokens(128000, 128004, List.of(128001)), listed.tokens());
        assertEquals(listed, read(listed.toJson()));
        assertTrue(
                refusal(four + sizes + ", \"no_rope_layers\": [0, 1]}")
                        .contains("no_rope_layers is [0, 1]"));
        assertTrue(
                refusal(four + sizes + ", \"use_sliding_window\": true, \"sliding_window\": 9}")
                        .contains("use_sliding_window is true, which SmolLM3ForCausalLM"));
    }

    @Test
    void theHeadsOfQwen3_haveTheirOwnSize() throws IOException {
        LlamaConfig config = of("qwen3", ", \"attention_bias\": true");
        assertEquals(128, config.headDim());
        assertTrue(config.outputBias());
        assertEquals(config, read(config.toJson()));
        assertEquals(10, of("qwen3", ", \"head_dim\": 10").headDim());
    }

    @Test
    void whatIsWritten_isReadBack() throws IOException {
        LlamaConfig all =
                LlamaConfig.builder()
                        .setVocabSize(53)
                        .setHiddenSize(18)
                        .setIntermediateSize(28)
                        .setNumHiddenLayers(2)
                        .setNumAttentionHeads(3)
                        .optNumKeyValueHeads(1)
                        .optHeadDim(8)
                        .optMaxPositionEmbeddings(64)
                        .optRmsNormEps(1e-5)
                        .optRopeTheta(5e5)
                        .optTieWordEmbeddings(true)
                        .optAttentionBias(true)
                        .optMlpBias(true)
                        .optInitializerRange(0.04)
                        .optDataType("float16")
                        .optTokens(new SpecialTokens(null, 1, List.of(0, 7)))
                        .build();
        assertEquals(all, read(all.toJson()));
        LlamaConfig plain = llama("");
        assertEquals(plain, read(plain.toJson()));
        LlamaConfig qwen = qwen2(", \"eos_token_id\": 3");
        assertEquals(qwen, read(qwen.toJson()));
    }

    @Test
    void aConfigurationOfTransformers_isReadInFull() throws IOException {
        LlamaConfig expected =
                LlamaConfig.builder()
                        .setVocabSize(53)
                        .setHiddenSize(18)
                        .setIntermediateSize(28)
                        .setNumHiddenLayers(2)
                        .setNumAttentionHeads(3)
                        .optNumKeyValueHeads(1)
                        .optHeadDim(8)
                        .optMaxPositionEmbeddings(64)
                        .optRmsNormEps(1e-5)
                        .optRopeTheta(500_000)
                        .optAttentionBias(true)
                        .optMlpBias(true)
                        .optTokens(new SpecialTokens(null, null, List.of(2, 5)))
                        .build();
        assertEquals(expected, LlamaConfig.read(Oracle.checkpoint("biased")));
    }
}
