package dev.ligature.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.types.Shape;
import dev.ligature.annotation.Role;
import dev.ligature.config.LoraConfig;
import dev.ligature.internal.resolve.FileReaders;
import dev.ligature.internal.resolve.PlanResolver;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The table of PEFT's documentation, package_reference/lora, "Weight tying" for target_modules:
 * what is adapted and whether it is tied, by base, flag and targets. PEFT's warnings are named
 * beside.
 */
class TiePlanTest {
    private static final String EMBEDDING = "model.embed_tokens";

    @ParameterizedTest
    @CsvSource({
        // base tied, flag, targets, pairs, warning
        "false, false, embed_tokens,         model.embed_tokens,          ''",
        "false, false, lm_head,              lm_head,                     ''",
        "false, true,  embed_tokens,         model.embed_tokens,          LoraNoTie",
        "false, true,  lm_head,              lm_head,                     LoraNoTie",
        "true,  false, embed_tokens,         model.embed_tokens,          LoraTiedWeightSplit",
        "true,  false, lm_head,              lm_head,                     LoraTiedWeightSplit",
        "true,  true,  embed_tokens,         model.embed_tokens+lm_head,  ''",
        "true,  true,  lm_head,              model.embed_tokens+lm_head,  ''",
        "false, false, embed_tokens lm_head, model.embed_tokens lm_head,  ''",
        "false, true,  embed_tokens lm_head, model.embed_tokens lm_head,  LoraNoTie",
        "true,  false, embed_tokens lm_head, model.embed_tokens lm_head,  LoraTiedWeightSplit",
        "true,  true,  embed_tokens lm_head, model.embed_tokens+lm_head,  ''",
        "true,  true,  q_proj, model.layers.0.self_attn.q_proj model.layers.1.self_attn.q_proj,"
                + " LoraTieUntouched",
        "true,  false, q_proj, model.layers.0.self_attn.q_proj model.layers.1.self_attn.q_proj, ''",
    })
    void aTieIsMadeOrWarnedOfAsDocumented(
            boolean tied, boolean flag, String targets, String pairs, String warning) {
        LoraConfig config =
                LoraConfig.builder()
                        .setTargetModules(List.of(targets.split(" ", -1)))
                        .optEnsureWeightTying(flag)
                        .build();
        assertPlan(config, tied, pairs, warning);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                ".*embed_tokens$",
                ".*lm_head$",
                ".*(embed_tokens|lm_head)$",
                // The next two touch the tie, but PEFT 0.21 does not see it.
                "model\\.embed_tokens",
                ".*\\.embed_tokens"
            })
    @Tag("D10")
    void anExpressionThatMatchesOneReader_tiesAll(String expression) {
        LoraConfig config =
                LoraConfig.builder()
                        .setTargetModulesRegex(expression)
                        .optEnsureWeightTying(true)
                        .build();
        assertPlan(config, true, "model.embed_tokens+lm_head", "");
    }

    @Test
    void allLinear_leavesTheHeadOutAndTheTieUntouched() {
        LoraConfig config = LoraConfig.builder().setAllLinear().optEnsureWeightTying(true).build();
        LoraPlan plan = PlanResolver.resolve(config, Layouts.llama(true));
        assertEquals(14, plan.pairs().size());
        assertTrue(plan.pairs().stream().allMatch(pair -> pair.readers().size() == 1));
        assertEquals("LoraTieUntouched", plan.warnings().get(0).code());
    }

    @Test
    @Tag("D20")
    void aTiedPair_takesTheWeightsShapeAndCountsOnce() {
        LoraPlan plan = tied(config("lm_head").optRank(4).build());
        PairPlan pair = plan.pairs().get(0);
        assertEquals(EMBEDDING, pair.weight());
        assertEquals(67, pair.out());
        assertEquals(24, pair.in());
        assertEquals(
                List.of(
                        new PairPlan.Reader(EMBEDDING, ModuleKind.EMBEDDING),
                        new PairPlan.Reader("lm_head", ModuleKind.LINEAR)),
                pair.readers());
        assertEquals(4 * (67 + 24), plan.trainableParameters());
    }

    @Test
    @Tag("D11")
    void readersThatDependOnNoEmbedding_areTiedToo() {
        ModelLayout layout =
                new ModelLayout(
                        List.of(
                                Layouts.linear("encoder.0.fc"),
                                reader("encoder.1.fc", "encoder.0.fc"),
                                Layouts.embedding("shared"),
                                reader("encoder.2.fc", "encoder.0.fc")));
        LoraPlan plan = PlanResolver.resolve(config("1.fc").build(), layout);
        assertEquals("encoder.0.fc+encoder.1.fc+encoder.2.fc", pairs(plan));
    }

    @ParameterizedTest
    @CsvSource({"embed_tokens, 4", "lm_head, 4", "'model.embed_tokens|lm_head', 4"})
    @Tag("D7")
    void aPatternThatMatchesSomeReaders_holdsForThePair(String pattern, int rank) {
        LoraConfig config =
                config("embed_tokens")
                        .optRankPattern(Map.of(pattern, rank))
                        .optAlphaPattern(Map.of(pattern, 6.0))
                        .build();
        PairPlan pair = tied(config).pairs().get(0);
        assertEquals(4, pair.rank());
        assertEquals(1.5, pair.scaling());
    }

    @Test
    @Tag("D7")
    void readersWithTwoRanks_areAConflict() {
        Map<String, Integer> ranks = new LinkedHashMap<>();
        ranks.put("embed_tokens", 4);
        ranks.put("lm_head", 2);
        Refused.with(
                "LoraTieConflict",
                () -> tied(config("lm_head").optRankPattern(ranks).build()),
                "rank_pattern",
                "model.embed_tokens 4 and lm_head 2",
                "ensure_weight_tying");
        ranks.put("lm_head", 4);
        assertEquals(
                4, tied(config("lm_head").optRankPattern(ranks).build()).pairs().get(0).rank());
    }

    @Test
    void readersWithTwoAlphas_areAConflict() {
        Map<String, Double> alphas = new LinkedHashMap<>();
        alphas.put("embed_tokens", 4.5);
        alphas.put("lm_head", 2.0);
        Refused.with(
                "LoraTieConflict",
                () -> tied(config("lm_head").optAlphaPattern(alphas).build()),
                "alpha_pattern",
                "model.embed_tokens 4.5 and lm_head 2.0");
    }

    @ParameterizedTest
    @CsvSource({"embed_tokens, lm_head", "lm_head, embed_tokens"})
    @Tag("D14")
    void excludingOneOfTheReaders_isAConflict(String target, String excluded) {
        Refused.with(
                "LoraTieExcluded",
                () -> tied(config(target).optExcludeModules(excluded).build()),
                "model.embed_tokens, lm_head",
                excluded,
                "ensure_weight_tying to false");
    }

    @Test
    void excludingAllReaders_leavesTheTieUntouched() {
        LoraConfig config =
                LoraConfig.builder()
                        .setTargetModulesRegex(".*(embed_tokens|q_proj)")
                        .optExcludeModules("embed_tokens", "lm_head")
                        .optEnsureWeightTying(true)
                        .build();
        LoraPlan plan = tied(config);
        assertEquals(2, plan.pairs().size());
        assertEquals("LoraTieUntouched", plan.warnings().get(0).code());
    }

    @Test
    void aTiedReaderThatLoraCannotAdapt_isAnError() {
        List<ModelLayout.Module> modules = new ArrayList<>(Layouts.llama(true).modules());
        modules.add(
                Layouts.module(
                        "tokens",
                        Role.MODULE,
                        ModuleKind.OTHER,
                        "IdEmbedding",
                        EMBEDDING,
                        Layouts.TABLE));
        Refused.with(
                "LoraTieUnsupported",
                () -> PlanResolver.resolve(config("lm_head").build(), new ModelLayout(modules)),
                "tokens is a IdEmbedding",
                "dev.ligature.block.TokenEmbedding");
    }

    @Test
    void loadingAPatternForOneReader_warnsThatPeftScalesTheOtherDifferently() {
        LoraConfig config =
                config("embed_tokens").optRankPattern(Map.of("embed_tokens", 4)).build();
        assertEquals(List.of(), tied(config).warnings());
        LoraPlan loaded = PlanResolver.resolveForLoading(config, Layouts.llama(true));
        assertEquals("LoraTiePatternSpread", loaded.warnings().get(0).code());
    }

    @ParameterizedTest
    @CsvSource({
        "embed_tokens, model.embed_tokens.lora_embedding_A, model.embed_tokens, lm_head",
        "lm_head, lm_head.lora_B.weight, lm_head, model.embed_tokens",
        "embed_tokens, lm_head.lora_a, lm_head, model.embed_tokens", // mlx-lm's
    })
    void aFileWithFactorsOfOneReader_fillsTheOtherWithAWarning(
            String target, String tensor, String has, String filled) {
        LoraPlan plan =
                PlanResolver.resolveForLoading(
                        config(target).build(), Layouts.llama(true), Set.of(tensor));
        assertEquals("model.embed_tokens+lm_head", pairs(plan));
        assertEquals("LoraTieFilled", plan.warnings().get(0).code());
        String message = plan.warnings().get(0).message();
        assertTrue(
                message.contains("factors of " + has + " alone: they are used for " + filled),
                message);
    }

    @Test
    void readUntied_aConfigurationAdaptsTheReadersOfTheFileAlone() {
        ModelLayout layout = Layouts.llama(true);
        LoraConfig config = config("embed_tokens").setTargetModules("q_proj", "lm_head").build();
        Set<String> head = Set.of("lm_head.lora_A.weight", "lm_head.lora_B.weight");
        LoraConfig same = FileReaders.untied(config, layout, head);
        assertFalse(same.ensureWeightTying());
        assertEquals(config.targetModules(), same.targetModules());
        LoraConfig other =
                FileReaders.untied(config, layout, Set.of(EMBEDDING + ".lora_embedding_A"));
        assertEquals(
                "model.embed_tokens model.layers.0.self_attn.q_proj"
                        + " model.layers.1.self_attn.q_proj",
                pairs(PlanResolver.resolveForLoading(other, layout)));
    }

    private static ModelLayout.Module reader(String name, String weight) {
        return Layouts.module(
                name, Role.MODULE, ModuleKind.LINEAR, "TiedLinear", weight, new Shape(24, 24));
    }

    private static LoraConfig.Builder config(String target) {
        return LoraConfig.builder().setTargetModules(target).optEnsureWeightTying(true);
    }

    private static LoraPlan tied(LoraConfig config) {
        return PlanResolver.resolve(config, Layouts.llama(true));
    }

    private static void assertPlan(LoraConfig config, boolean tied, String pairs, String warning) {
        for (LoraPlan plan :
                List.of(
                        PlanResolver.resolve(config, Layouts.llama(tied)),
                        PlanResolver.resolveForLoading(config, Layouts.llama(tied)))) {
            assertEquals(pairs, pairs(plan));
            assertEquals(
                    Stream.of(warning).filter(code -> !code.isEmpty()).toList(),
                    plan.warnings().stream().map(PlanWarning::code).toList());
        }
    }

    private static String pairs(LoraPlan plan) {
        return String.join(
                " ",
                plan.pairs().stream()
                        .map(
                                pair ->
                                        String.join(
                                                "+",
                                                pair.readers().stream()
                                                        .map(PairPlan.Reader::module)
                                                        .toList()))
                        .toList());
    }
}
