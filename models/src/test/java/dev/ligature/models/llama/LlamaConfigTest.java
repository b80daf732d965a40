package dev.ligature.models.llama;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ligature.LoraException;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.models.Oracle;
import dev.ligature.models.SpecialTokens;
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
                "rope_scaling|{\"rope_type\": \"llama3\", \"factor\": 8}|rope_scaling.rope_type is"
                        + " 'llama3'|rope_type \"default\" with a rope_theta only",
                "rope_scaling|{\"type\": \"linear\"}|rope_scaling.type is 'linear'|rope_type"
                        + " \"default\" with a rope_theta only",
                "rope_parameters|{\"rope_type\": \"yarn\"}|rope_parameters.rope_type is"
                        + " 'yarn'|rope_type \"default\" with a rope_theta only",
                "rope_parameters|{\"factor\": 2}|rope_parameters.factor is 2|rope_type \"default\""
                        + " with a rope_theta only",
                "rope_parameters|{\"full_attention\": {}}|rope_parameters.full_attention is"
                        + " {}|rope_type \"default\" with a rope_theta only",
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
                        + " LlamaForCausalLM does not compute; it does false. Use a checkpoint of"
                        + " that kind.",
                refusal(start + ", \"use_sliding_window\": true, \"max_window_layers\": 1}"));
        assertEquals(
                "[ConfigUnsupported] DIR/config.json: layer_types is [full_attention,"
                        + " sliding_attention], which LlamaForCausalLM does not compute; it does"
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
                "[ConfigUnsupported] DIR/config.json: model_type is 'mistral', which"
                        + " LlamaForCausalLM does not compute; it does llama and qwen2. Use a"
                        + " checkpoint of that kind.",
                refusal("{\"model_type\": \"mistral\", " + SIZES + "}"));
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
                "[ConfigValue] DIR/config.json: head_dim is 5; it must be positive and even.",
                refusal("{\"model_type\": \"llama\", " + SIZES + ", \"head_dim\": 5}"));
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
