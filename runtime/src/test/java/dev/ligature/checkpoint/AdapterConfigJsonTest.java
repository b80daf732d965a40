package dev.ligature.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonParser;
import dev.ligature.LoraException;
import dev.ligature.config.BiasMode;
import dev.ligature.config.LoraConfig;
import dev.ligature.config.LoraInit;
import dev.ligature.config.ModuleSelection;
import dev.ligature.config.PatternValue;
import dev.ligature.config.PeftMetadata;
import dev.ligature.config.TokenSelection;
import dev.ligature.internal.peft.UnsupportedField;
import dev.ligature.internal.resolve.PlanResolver;
import dev.ligature.plan.PlanWarning;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class AdapterConfigJsonTest {
    /** Fields that change nothing that a trained adapter computes, whatever they hold. */
    private static final Set<String> HARMLESS =
            Set.of(
                    "corda_config",
                    "eva_config",
                    "loftq_config",
                    "lora_ga_config",
                    "megatron_core",
                    "qalora_group_size",
                    "use_qalora",
                    "velora_config");

    @ParameterizedTest
    @ValueSource(
            strings = {
                "llama-patterns",
                "llama-layers",
                "llama-tied-regex",
                "llama-tied-embed",
                "peft-least",
                "peft-most",
                "peft-expression"
            })
    void aFileOfPeft_isWrittenBackByteForByte(String name) throws IOException {
        String json = resource("/adapter-config/" + name + ".json");
        assertEquals(json, AdapterConfigJson.write(AdapterConfigJson.parse(json, name)));
    }

    @Test
    void everyFieldOfAFileOfPeft_isRead() throws IOException {
        Map<String, Integer> ranks = new LinkedHashMap<>();
        ranks.put(".*é", 2);
        ranks.put("layers.1.self_attn.q_proj", 3);
        LoraConfig expected =
                LoraConfig.builder()
                        .setTargetModules("q_proj")
                        .optExcludeModules("model.layers.0.self_attn.q_proj")
                        .optLayersToTransform(0, 1)
                        .optLayersPattern("layers", "h")
                        .optRank(6)
                        .optLoraAlpha(24)
                        .optLoraDropout(0.05)
                        .optUseRslora(true)
                        .optInit(LoraInit.GAUSSIAN)
                        .optRankPattern(ranks)
                        .optAlphaPattern(Map.of("layers.1.self_attn.q_proj", 1.5))
                        .optEnsureWeightTying(true)
                        .optMetadata(
                                new PeftMetadata(
                                        "CAUSAL_LM",
                                        "org/base <1>",
                                        "main",
                                        "0.21.0",
                                        null,
                                        List.of()))
                        .build();
        assertEquals(expected, parse(resource("/adapter-config/peft-most.json")));
    }

    @Test
    void theLeastFile_hasPeftsDefaults() throws IOException {
        assertEquals(
                LoraConfig.builder().setTargetModules("q_proj").build(),
                parse("{\"peft_type\": \"LORA\", \"target_modules\": [\"q_proj\"]}"));
    }

    @Test
    void everyConfigOfTheRandomCases_roundTrips() throws IOException {
        JsonElement root = JsonParser.parseString(resource("/plan/plan-cases.json"));
        int blank = 0;
        for (JsonElement test : root.getAsJsonObject().getAsJsonArray("cases")) {
            String json = test.getAsJsonObject().get("config").toString();
            if (json.contains("\"\"")) { // an entry without a name, which is refused
                blank++;
                Refusal.of("LoraBlankEntry", () -> parse(json));
                continue;
            }
            LoraConfig config = parse(json);
            assertEquals(config, parse(AdapterConfigJson.write(config)));
        }
        assertEquals(4, blank);
    }

    @Test
    void listsAndPatternsKeepTheirOrder() throws IOException {
        LoraConfig config =
                parse(
                        with(
                                "\"target_modules\": [\"z\", \"a\", \"m\"], \"rank_pattern\":"
                                        + " {\"z\": 1, \"a\": 2, \"m\": 3}"));
        assertEquals(
                List.of("z", "a", "m"),
                List.copyOf(((ModuleSelection.Names) config.targetModules()).names()));
        LoraConfig again = parse(AdapterConfigJson.write(config));
        assertEquals(
                List.of("z", "a", "m"),
                again.rankPattern().stream().map(PatternValue::pattern).toList());
        assertEquals(
                List.of("z", "a", "m"),
                List.copyOf(((ModuleSelection.Names) again.targetModules()).names()));
    }

    @ParameterizedTest
    @CsvSource({"16, 16", "16.0, 16", "7.5, 7.5", "0.1, 0.1", "-3, -3"})
    void aWholeAlphaIsWrittenWithoutADecimalPoint(String read, String written) throws IOException {
        LoraConfig config = parse(with(targets() + ", \"lora_alpha\": " + read));
        String json = AdapterConfigJson.write(config);
        assertTrue(json.contains("\"lora_alpha\": " + written + ",\n"), json);
    }

    @Test
    void oneLayerAndAListOfIt_areTheSame() throws IOException {
        LoraConfig list = parse(with(targets() + ", \"layers_to_transform\": [3]"));
        assertEquals(list, parse(with(targets() + ", \"layers_to_transform\": 3")));
        assertEquals(List.of(3), list.layersToTransform());
    }

    @ParameterizedTest
    @CsvSource({
        "true, DEFAULT, 0",
        "false, RANDOM, 0",
        "'\"gaussian\"', GAUSSIAN, 0",
        "'\"orthogonal\"', ORTHOGONAL, 0",
        "'\"pissa\"', PISSA, 0",
        "'\"pissa_niter_16\"', PISSA, 16",
        "'\"olora\"', OLORA, 0"
    })
    void anInitIsReadAndWritten(String json, LoraInit.Kind kind, int iterations)
            throws IOException {
        LoraConfig config = parse(with(targets() + ", \"init_lora_weights\": " + json));
        assertEquals(new LoraInit(kind, iterations), config.init());
        assertTrue(
                AdapterConfigJson.write(config).contains("\"init_lora_weights\": " + json + ","));
    }

    @ParameterizedTest
    @ValueSource(strings = {"use_dora", "lora_bias", "fan_in_fan_out"})
    void aFlag_isReadAndWritten(String field) throws IOException {
        String json = AdapterConfigJson.write(parse(with(targets() + ", \"" + field + "\": true")));
        assertTrue(json.contains("\"" + field + "\": true,"), json);
        assertNotEquals(parse(with(targets())), parse(json));
        assertEquals(json, AdapterConfigJson.write(parse(json)));
    }

    @Test
    void parametersAlone_areReadAndWritten() throws IOException {
        String field = "\"target_parameters\": [\n    \"experts.weight\"\n  ]";
        LoraConfig config =
                parse("{\"peft_type\": \"LORA\", \"target_modules\": [], " + field + "}");
        assertEquals(List.of("experts.weight"), config.targetParameters());
        String json = AdapterConfigJson.write(config);
        assertTrue(json.contains(field), json);
        assertEquals(json, AdapterConfigJson.write(parse(json)));
    }

    @Test
    void theClassOfTheBase_isKept() throws IOException {
        LoraConfig config = parse(resource("/adapter-config/llama-layers.json"));
        assertEquals(
                new PeftMetadata.AutoMapping(
                        "LlamaForCausalLM", "transformers.models.llama.modeling_llama"),
                config.metadata().autoMapping());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "alora_invocation_tokens | [1]",
                "arrow_config | {\"top_k\": 3}",
                "kasa_config | {\"beta\": 1e-4}",
                "layer_replication | [[0, 2]]",
                "megatron_config | {\"a\": 1}",
                "monteclora_config | {\"scale\": 1}",
                "use_bdlora | {\"nblocks\": 2}",
            })
    void aFieldThatIsNotSupported_isRefusedByName(String field, String value) {
        Refusal.of(
                "AdapterConfigUnsupported",
                () -> parse(with(targets() + ", \"" + field + "\": " + value)),
                "file.json: " + field + " is ");
    }

    @Test
    void aFileOfPeft_withBiasesDoraAndASavedModule_isRead() throws IOException {
        LoraConfig config = parse(resource("/adapter-config/peft-replacements.json"));
        assertEquals(BiasMode.LORA_ONLY, config.bias());
        assertEquals(List.of("norm"), config.modulesToSave());
        assertTrue(config.useDora());
        assertEquals(config, parse(AdapterConfigJson.write(config)));
    }

    @Test
    void whatIsReplaced_isReadAndWritten() throws IOException {
        LoraConfig list =
                parse(
                        with(
                                targets()
                                        + ", \"bias\": \"all\", \"modules_to_save\": [\"norm\"],"
                                        + " \"trainable_token_indices\": [5, 3]"));
        assertEquals(BiasMode.ALL, list.bias());
        assertEquals(List.of("norm"), list.modulesToSave());
        assertEquals(
                new TokenSelection.InputEmbedding(List.of(5, 3)),
                list.trainableTokenIndices().orElseThrow());
        assertEquals(list, parse(AdapterConfigJson.write(list)));
        LoraConfig byModule =
                parse(
                        with(
                                targets()
                                        + ", \"bias\": \"lora_only\", \"trainable_token_indices\":"
                                        + " {\"b\": [2], \"a\": [1]}"));
        assertEquals(BiasMode.LORA_ONLY, byModule.bias());
        assertEquals(
                new TokenSelection.ByModule(Map.of("a", List.of(1), "b", List.of(2))),
                byModule.trainableTokenIndices().orElseThrow());
        assertEquals(byModule, parse(AdapterConfigJson.write(byModule)));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "bias | \"some\" | 'none', 'all' or 'lora_only'",
                "bias | true | 'none', 'all' or 'lora_only'",
                "modules_to_save | [3] | texts",
                "trainable_token_indices | \"3\" | a whole number",
                "trainable_token_indices | [1.5] | whole number",
                "trainable_token_indices | {\"a\": 3} | a list of whole numbers",
            })
    void whatIsReplaced_hasItsTypes(String field, String value, String expected) {
        Refusal.of(
                "AdapterConfigType",
                () -> parse(with(targets() + ", \"" + field + "\": " + value)),
                "file.json: " + field,
                expected);
    }

    @Test
    void allFieldsThatAreNotSupported_areInOneMessage() {
        Refusal.of(
                "AdapterConfigUnsupported",
                () ->
                        parse(
                                with(
                                        targets()
                                                + ", \"use_bdlora\": true,"
                                                + " \"layer_replication\": [[0, 2]]")),
                "use_bdlora is true",
                "layer_replication is [[0, 2]]");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "corda_config | {\"cache_file\": null}",
                "eva_config | {\"rho\": 2.0}",
                "loftq_config | {\"loftq_bits\": 4}",
                "lora_ga_config | {\"direction\": \"ArB2r\"}",
                "megatron_core | \"other\"",
                "qalora_group_size | 32",
                "runtime_config | {\"ephemeral_gpu_offload\": true}",
                "use_qalora | true",
                "velora_config | {\"num_groups\": 2}",
                "init_lora_weights | \"eva\"",
            })
    void aFieldThatChangesNoNumbers_isNotedAndNotWritten(String field, String value)
            throws IOException {
        LoraConfig config = parse(with(targets() + ", \"" + field + "\": " + value));
        PlanWarning warning =
                PlanResolver.resolveForLoading(config, LlamaLayout.tied()).warnings().get(0);
        assertEquals("LoraUnusedField", warning.code());
        assertTrue(warning.message().contains(field + " set to "), warning.message());
        assertEquals(List.of(), parse(AdapterConfigJson.write(config)).metadata().unusedFields());
    }

    @Test
    void anAlphaOfZero_isSaid() throws IOException {
        LoraConfig config = parse(with(targets() + ", \"lora_alpha\": 0"));
        assertEquals(
                "LoraAlphaZero",
                PlanResolver.resolveForLoading(config, LlamaLayout.tied())
                        .warnings()
                        .get(0)
                        .code());
    }

    @ParameterizedTest
    @EnumSource(UnsupportedField.class)
    void aFieldThatIsNotSupported_mayAskForNothing(UnsupportedField field) throws IOException {
        for (String nothing : List.of("null", "false", "[]", "\"\"")) {
            parse(with(targets() + ", \"" + field.field() + "\": " + nothing));
        }
    }

    /** PEFT 0.21 computes these variants wherever the field is not null. */
    @ParameterizedTest
    @EnumSource(UnsupportedField.class)
    void anEmptyObject_asksForNothing_unlessItTurnsAVariantOn(UnsupportedField field)
            throws IOException {
        String config = with(targets() + ", \"" + field.field() + "\": {}");
        if (Set.of("arrow", "kasa", "monteclora", "use")
                        .contains(field.field().replaceFirst("_.*", ""))
                && field != UnsupportedField.USE_QALORA) {
            Refusal.of("AdapterConfigUnsupported", () -> parse(config), field.field() + " is {}");
        } else {
            parse(config);
        }
    }

    @Test
    void aFieldThatPeftDoesNotKnow_isKeptApartAndNotWritten() throws IOException {
        LoraConfig config =
                parse(with(targets() + ", \"from_the_future\": {\"a\": [1]}, \"my_note\": true"));
        assertEquals(
                List.of("'from_the_future' set to {a=[1]}", "'my_note' set to true"),
                config.metadata().unknownFields());
        assertFalse(AdapterConfigJson.write(config).contains("from_the_future"));
        assertEquals(List.of(), parse(AdapterConfigJson.write(config)).metadata().unknownFields());
        PlanWarning warning =
                PlanResolver.resolveForLoading(config, LlamaLayout.tied()).warnings().get(0);
        assertEquals("LoraUnknownField", warning.code());
        assertTrue(warning.message().contains("'from_the_future' set to {a=[1]}"));
        LoraException error =
                assertThrows(
                        LoraException.class,
                        () -> PlanResolver.resolve(config, LlamaLayout.tied()));
        assertEquals("LoraUnknownField", error.code());
    }

    @Test
    void aFieldThatIsNearlyOneOfPefts_isRefusedUnlessItIsEmpty() throws IOException {
        Refusal.of(
                "AdapterConfigUnknownField",
                () -> parse(with(targets() + ", \"lora_alhpa\": 3")),
                "file.json: lora_alhpa is 3",
                "Did you mean lora_alpha?");
        for (String nothing : List.of("null", "false", "[]", "{}", "\"\"")) {
            parse(with(targets() + ", \"lora_alhpa\": " + nothing));
            LoraConfig config = parse(with(targets() + ", \"from_the_future\": " + nothing));
            assertEquals(List.of(), config.metadata().unknownFields());
        }
    }

    @ParameterizedTest
    @CsvSource({
        "corda, path_initial_model_for_weight_conversion",
        "true, path_initial_model_for_weight_conversion"
    })
    void anInitThatIsNotSupported_isRefusedWithARemedy(String init, String remedy) {
        Refusal.of(
                "AdapterConfigUnsupported",
                () -> parse(with(targets() + ", \"init_lora_weights\": \"" + init + "\"")),
                "init_lora_weights is '" + init + "'",
                remedy);
    }

    @Test
    void anotherKindOfAdapter_isRefused() {
        Refusal.of(
                "AdapterConfigPeftType",
                () -> parse("{\"peft_type\": \"IA3\", \"feedforward_modules\": [\"x\"]}"),
                "'IA3'");
        Refusal.of(
                "AdapterConfigPeftType", () -> parse("{\"target_modules\": [\"q\"]}"), "missing");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "r | 8.5 | a whole number",
                "r | \"8\" | a whole number",
                "r | 4294967304 | a whole number of at most 2147483647",
                "lora_alpha | \"16\" | a number",
                "lora_dropout | true | a number",
                "use_rslora | 1 | true or false",
                "r | null | a whole number",
                "lora_alpha | null | a number",
                "lora_dropout | null | a number",
                "rank_pattern | null | an object",
                "alpha_pattern | null | an object",
                "bias | null | 'none', 'all' or 'lora_only'",
                "ensure_weight_tying | \"yes\" | true or false",
                "inference_mode | 0 | true or false",
                "init_lora_weights | 1 | true, false or a name",
                "exclude_modules | 3 | a text or a list of texts",
                "exclude_modules | [\"a\", 3] | a text or a list of texts",
                "layers_to_transform | \"1\" | a whole number",
                "layers_to_transform | [1.5] | a whole number",
                "layers_pattern | {} | a text or a list of texts",
                "rank_pattern | [] | an object",
                "rank_pattern | {\"q\": \"4\"} | a whole number",
                "alpha_pattern | {\"q\": null} | a number",
                "task_type | 3 | a text",
                "revision | [] | a text",
                "auto_mapping | \"x\" | an object",
            })
    void aValueOfTheWrongType_isRefusedWithFieldAndValue(
            String field, String value, String expected) {
        Refusal.of(
                "AdapterConfigType",
                () -> parse(with(targets() + ", \"" + field + "\": " + value)),
                "file.json: " + field,
                "not " + expected);
    }

    @Test
    void aValueThatIsOutOfRange_isRefusedWithTheFile() {
        Refusal.of(
                "LoraRank", () -> parse(with(targets() + ", \"r\": 0")), "file.json: r is 0, not");
        Refusal.of(
                "LoraTargetsMissing", () -> parse(with("\"r\": 4")), "file.json: target_modules");
        Refusal.of(
                "LoraLayersWithRegex",
                () -> parse(with("\"target_modules\": \".*q\", \"layers_to_transform\":" + " [1]")),
                "file.json: layers_to_transform is [1]");
    }

    @Test
    void aKeyThatIsThereTwice_isRefused() {
        Refusal.of(
                "CheckpointJsonDuplicate",
                () -> parse(with(targets() + ", \"r\": 4, \"r\": 8")),
                "file.json",
                "'r'");
        Refusal.of(
                "CheckpointJsonDuplicate",
                () -> parse(with(targets() + ", \"rank_pattern\": {\"q\": 1, \"q\": 2}")),
                "'q'",
                "rank_pattern");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "[]",
                "null",
                "{",
                "{\"peft_type\": \"LORA\"",
                "{\"peft_type\": \"LORA\"} {}",
                "{\"peft_type\": \"LORA\"} x",
                "{\"peft_type\": \"LORA\",}",
                "{peft_type: \"LORA\"}",
                "{'peft_type': 'LORA'}",
                "{\"peft_type\": \"LORA\" // comment\n}",
                "{\"r\": NaN}",
                "{\"r\": Infinity}",
                "{\"r\": 08}",
                "{\"r\": TRUE}",
                "{\"r\": 1e999999999}",
                "{\"r\": 1111111111111111111111111111111111111111111111}",
                "{\"r\": \"\u0001\"}",
            })
    void whatIsNoJson_isRefusedWithTheFile(String json) {
        Refusal.of("CheckpointJson", () -> parse(json), "file.json");
    }

    @Test
    void moreEntriesThanAnyModelHasModules_areRefused() {
        String list = "[\"q\"" + ",\"q\"".repeat(100_000) + "]";
        Refusal.of(
                "AdapterConfigEntries",
                () -> parse(with("\"target_modules\": " + list)),
                "file.json: target_modules has 100001 entries, and at most 100000");
        Refusal.of(
                "AdapterConfigEntries",
                () ->
                        parse(
                                with(
                                        targets()
                                                + ", \"layers_to_transform\": 1,"
                                                + " \"layers_pattern\": [\"h\""
                                                + ",\"h\"".repeat(1000)
                                                + "]")),
                "layers_pattern has 1001 entries, and at most 1000");
    }

    @Test
    void nestingWithoutEnd_isRefused() {
        String deep = "[".repeat(100_000);
        Refusal.of("CheckpointJson", () -> parse("{\"x\": " + deep), "file.json");
    }

    @Test
    void aFileThatIsNoText_isRefused(@TempDir Path directory) throws IOException {
        Path file = directory.resolve("adapter_config.json");
        Files.write(file, new byte[] {'{', '"', (byte) 0xff, '"', '}'});
        Refusal.of("CheckpointJson", () -> AdapterConfigJson.read(file), "UTF-8", file.toString());
    }

    @Test
    void aFileThatIsTooLarge_isRefusedUnread(@TempDir Path directory) throws IOException {
        Path file = directory.resolve("adapter_config.json");
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(1L << 40);
        }
        Refusal.of("CheckpointJsonSize", () -> AdapterConfigJson.read(file), file.toString());
    }

    @Test
    void aFileIsRead(@TempDir Path directory) throws IOException {
        Path file = directory.resolve("adapter_config.json");
        Files.writeString(file, with("\"target_modules\": \"ALL-linear\""));
        assertEquals(LoraConfig.builder().setAllLinear().build(), AdapterConfigJson.read(file));
    }

    @Test
    void noFieldOfPeftIsIgnored_whateverItHolds() throws IOException {
        Set<String> written =
                JsonParser.parseString(resource("/adapter-config/peft-least.json"))
                        .getAsJsonObject()
                        .keySet();
        // Two are maps from any name to a number, and one is of no meaning here but kept.
        Set<String> takesAnything = Set.of("rank_pattern", "alpha_pattern", "auto_mapping");
        int asked = 0;
        for (String field : written) {
            String value = takesAnything.contains(field) ? "3" : "{\"zzz\": 1}";
            String rest = field.equals("target_modules") ? "" : targets() + ", ";
            String type = field.equals("peft_type") ? "" : "\"peft_type\": \"LORA\", ";
            String json = "{" + type + rest + "\"" + field + "\": " + value + "}";
            asked++;
            if (HARMLESS.contains(field)) {
                assertTrue(parse(json).metadata().unusedFields().toString().contains(field));
                continue;
            }
            CheckpointException error =
                    assertThrows(CheckpointException.class, () -> parse(json), field);
            assertTrue(String.valueOf(error.getMessage()).contains(field), error::getMessage);
        }
        assertTrue(asked > 40, written.toString());
    }

    @Test
    void noFieldIsBothSupportedAndRefused() throws IOException {
        Set<String> written =
                JsonParser.parseString(resource("/adapter-config/peft-least.json"))
                        .getAsJsonObject()
                        .keySet();
        for (UnsupportedField field : UnsupportedField.values()) {
            assertEquals(field.isWritten(), written.contains(field.field()), field.field());
        }
    }

    private static String targets() {
        return "\"target_modules\": [\"q_proj\"]";
    }

    private static String with(String fields) {
        return "{\"peft_type\": \"LORA\", " + fields + "}";
    }

    private static LoraConfig parse(String json) throws CheckpointException {
        return AdapterConfigJson.parse(json, "file.json");
    }

    private static String resource(String name) throws IOException {
        try (InputStream in =
                Objects.requireNonNull(AdapterConfigJsonTest.class.getResourceAsStream(name))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
