package dev.ligature.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ligature.LoraException;
import dev.ligature.plan.Refused;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LoraConfigTest {
    @Test
    void defaultsArePefts() {
        LoraConfig config = names().build();
        assertEquals(8, config.rank());
        assertEquals(8.0, config.loraAlpha());
        assertEquals(0.0, config.loraDropout());
        assertEquals(LoraInit.DEFAULT, config.init());
        assertEquals(false, config.useRslora());
        assertEquals(false, config.ensureWeightTying());
        assertTrue(config.rankPattern().isEmpty() && config.alphaPattern().isEmpty());
        assertTrue(config.excludeModules().isEmpty() && config.metadata().taskType() == null);
    }

    @Test
    void equalityIsByValueAndTargetsAreASet() {
        LoraConfig one = LoraConfig.builder().setTargetModules("a", "b", "a").build();
        LoraConfig two = LoraConfig.builder().setTargetModules("b", "a").build();
        assertEquals(one, two);
        assertEquals(one.hashCode(), two.hashCode());
        assertEquals(
                List.of("a", "b"),
                List.copyOf(((ModuleSelection.Names) one.targetModules()).names()));
    }

    @Test
    void everyFieldCountsForEqualityAndIsCopiedByToBuilder() {
        LoraConfig plain = names().build();
        List<UnaryOperator<LoraConfig.Builder>> changes =
                List.of(
                        b -> b.setTargetModules("k_proj"),
                        b -> b.setTargetModulesRegex("q_proj"),
                        b -> b.setAllLinear(),
                        b -> b.optExcludeModules("lm_head"),
                        b -> b.optExcludeModulesRegex("lm_head"),
                        b -> b.optRank(9),
                        b -> b.optLoraAlpha(8.5),
                        b -> b.optLoraDropout(0.1),
                        b -> b.optUseRslora(true),
                        b -> b.optInit(LoraInit.GAUSSIAN),
                        b -> b.optLayersToTransform(1),
                        b -> b.optLayersToTransform(1).optLayersPattern("h"),
                        b -> b.optRankPattern(Map.of("q_proj", 2)),
                        b -> b.optAlphaPattern(Map.of("q_proj", 2.0)),
                        b -> b.optEnsureWeightTying(true),
                        b -> b.optTaskType("CAUSAL_LM"),
                        b -> b.optBaseModelNameOrPath("base"),
                        b -> b.optMetadata(metadata("main", null, null)),
                        b -> b.optMetadata(metadata(null, "0.21.0", null)),
                        b ->
                                b.optMetadata(
                                        metadata(
                                                null,
                                                null,
                                                new PeftMetadata.AutoMapping(
                                                        "Llama", "transformers"))),
                        b -> b.optUseDora(true),
                        b -> b.optLoraBias(true),
                        b -> b.optFanInFanOut(true),
                        b -> b.optTargetParameters("experts"),
                        b -> b.optModulesToSave("norm"),
                        b -> b.optTrainableTokenIndices(1),
                        b -> b.optTrainableTokenIndices(Map.of("embed", List.of(1))),
                        b -> b.optBias(BiasMode.ALL),
                        b -> b.optAllowUnmatched(true));
        for (UnaryOperator<LoraConfig.Builder> change : changes) {
            LoraConfig changed = change.apply(plain.toBuilder()).build();
            assertNotEquals(plain, changed);
            assertEquals(changed, changed.toBuilder().build());
        }
    }

    @Test
    void theOrderOfPatternsCountsBecauseTheFirstDecides() {
        Map<String, Integer> one = new LinkedHashMap<>();
        one.put("q_proj", 2);
        one.put(".*proj", 4);
        Map<String, Integer> two = new LinkedHashMap<>();
        two.put(".*proj", 4);
        two.put("q_proj", 2);
        assertNotEquals(names().optRankPattern(one).build(), names().optRankPattern(two).build());
        assertEquals(
                List.of("q_proj", ".*proj"),
                names().optRankPattern(one).build().rankPattern().stream()
                        .map(PatternValue::pattern)
                        .toList());
    }

    @Test
    void aConfigCannotBeChangedThroughWhatItGivesOrWasGiven() {
        Map<String, Integer> ranks = new LinkedHashMap<>(Map.of("q_proj", 2));
        LoraConfig config = names().optRankPattern(ranks).build();
        ranks.put("k_proj", 3);
        assertEquals(List.of(new PatternValue<>("q_proj", 2)), config.rankPattern());
        assertThrows(UnsupportedOperationException.class, () -> config.rankPattern().clear());
    }

    @ParameterizedTest
    @ValueSource(strings = {"all-linear", "ALL-LINEAR", "All-Linear"})
    void allLinearIsReadInAnyCase(String word) {
        assertEquals(
                LoraConfig.builder().setAllLinear().build(),
                LoraConfig.builder().setTargetModulesRegex(word).build());
    }

    @Test
    void targetsAreNeverGuessed() {
        Refused.with("LoraTargetsMissing", () -> LoraConfig.builder().build(), "not set", "q_proj");
        Refused.with(
                "LoraTargetsMissing",
                () -> LoraConfig.builder().setTargetModules().build(),
                "empty");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1})
    void aRankIsPositive(int rank) {
        Refused.with("LoraRank", () -> names().optRank(rank).build(), "" + rank);
        Refused.with(
                "LoraRank",
                () -> names().optRankPattern(Map.of("q_proj", rank)).build(),
                "'q_proj'",
                "exclude_modules");
    }

    @ParameterizedTest
    @ValueSource(doubles = {-0.1, 1, 1.5, Double.NaN})
    void aDropoutIsAProbabilityBelowOne(double dropout) {
        Refused.with("LoraDropout", () -> names().optLoraDropout(dropout).build(), "" + dropout);
    }

    @ParameterizedTest
    @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY})
    void anAlphaIsFinite(double alpha) {
        Refused.with("LoraAlpha", () -> names().optLoraAlpha(alpha).build(), "lora_alpha");
        Refused.with(
                "LoraAlpha",
                () -> names().optAlphaPattern(Map.of("q_proj", alpha)).build(),
                "alpha_pattern of 'q_proj'");
    }

    @Test
    void layersNeedAListOfNames() {
        Refused.with(
                "LoraLayersWithRegex",
                () ->
                        LoraConfig.builder()
                                .setTargetModulesRegex(".*q_proj")
                                .optLayersToTransform(1)
                                .build(),
                "layers_to_transform is [1]",
                "'.*q_proj'");
        Refused.with(
                "LoraLayersWithRegex",
                () -> LoraConfig.builder().setAllLinear().optLayersPattern("h").build(),
                "layers_pattern is [h]",
                "all-linear");
        Refused.with("LoraLayersPatternAlone", () -> names().optLayersPattern("h").build(), "[h]");
        Refused.with("LoraLayerIndex", () -> names().optLayersToTransform(0, -1).build(), "-1");
    }

    @Test
    void anExpressionThatPythonOrJavaRefuses_isRefusedWithTheReason() {
        Refused.with(
                "LoraRegex",
                () -> LoraConfig.builder().setTargetModulesRegex(".*(q_proj").build(),
                "target_modules '.*(q_proj'",
                "a group is not closed",
                "list of names");
        Refused.with(
                "LoraRegex",
                () -> names().optExcludeModulesRegex("*.mlp").build(),
                "exclude_modules '*.mlp'",
                "nothing to repeat");
        Refused.with(
                "LoraRegex",
                () -> names().optRankPattern(Map.of("(?i)q_proj", 3)).build(),
                "rank_pattern '(?i)q_proj'",
                "start");
        Refused.with(
                "LoraRegex",
                () -> names().optLayersToTransform(1).optLayersPattern("h[").build(),
                "layers_pattern 'h['");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "(?x)a b",
                "(?a)\\w",
                "(a)(?(1)b|c)",
                "\\N{BULLET}",
                "\\012",
                "[\\0]",
                "(?<name>a)"
            })
    void whatJavaHasNoEqualOf_isRefused(String expression) {
        Refused.with(
                "LoraRegex", () -> LoraConfig.builder().setTargetModulesRegex(expression).build());
    }

    @Test
    void aTaskTypeIsOneOfPefts() {
        Refused.with(
                "LoraTaskType",
                () -> names().optTaskType("CAUSAL_ML").build(),
                "'CAUSAL_ML'",
                "Did you mean CAUSAL_LM");
        assertEquals("CAUSAL_LM", names().optTaskType("CAUSAL_LM").build().metadata().taskType());
    }

    @Test
    void anEntryHasAName() {
        Refused.with(
                "LoraBlankEntry",
                () -> LoraConfig.builder().setTargetModules("q_proj", "").build(),
                "target_modules");
    }

    @Test
    void allProblemsOfAConfiguration_areInOneError() {
        LoraException error =
                assertThrows(
                        LoraException.class,
                        () ->
                                LoraConfig.builder()
                                        .setTargetModules()
                                        .optRank(0)
                                        .optLoraDropout(2)
                                        .optExcludeModulesRegex("a(")
                                        .build());
        assertEquals("LoraTargetsMissing", error.code());
        assertEquals(
                List.of("[LoraTargetsMissing]", "[LoraRank]", "[LoraDropout]", "[LoraRegex]"),
                String.valueOf(error.getMessage())
                        .lines()
                        .map(line -> line.substring(0, line.indexOf(' ')))
                        .toList());
    }

    private static PeftMetadata metadata(
            @Nullable String revision,
            @Nullable String peftVersion,
            PeftMetadata.@Nullable AutoMapping autoMapping) {
        return new PeftMetadata(null, null, revision, peftVersion, autoMapping, List.of());
    }

    private static LoraConfig.Builder names() {
        return LoraConfig.builder().setTargetModules("q_proj");
    }
}
