package dev.ligature.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.ligature.annotation.Role;
import dev.ligature.config.LoraConfig;
import dev.ligature.internal.resolve.PlanResolver;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LoraPlanTest {
    private static final ModelLayout LLAMA = Layouts.llama(true);

    @Test
    void anEntryThatMatchesNothing_isAnErrorWithTheNearestName() {
        Refused.with(
                "LoraEntryUnmatched",
                () -> resolve(names("q_proj", "v_prj")),
                "target_modules has 'v_prj'",
                "Did you mean v_proj",
                "q_proj, k_proj");
        Refused.with(
                "LoraEntryUnmatched",
                () -> resolve(names("q_proj").optExcludeModules("layers.0.self_atn.q_proj")),
                "exclude_modules has 'layers.0.self_atn.q_proj'",
                "Did you mean layers.0.self_attn.q_proj");
        Refused.with(
                "LoraEntryUnmatched",
                () -> resolve(names("q_proj").optExcludeModulesRegex(".*vision.*")),
                "exclude_modules has '.*vision.*'");
        Refused.with(
                "LoraEntryUnmatched",
                () -> resolve(names("q_proj").optRankPattern(Map.of("q_porj", 4))),
                "rank_pattern has 'q_porj'",
                "Did you mean");
        Refused.with(
                "LoraEntryUnmatched",
                () -> resolve(names("q_proj").optAlphaPattern(Map.of("proj", 4.0))),
                "alpha_pattern has 'proj'");
        Refused.with(
                "LoraEntryUnmatched",
                () -> resolve(names("q_proj").optLayersToTransform(0).optLayersPattern("layer")),
                "layers_pattern has 'layer'",
                "Did you mean layers?");
        Refused.with(
                "LoraLayerUnmatched",
                () -> resolve(names("q_proj").optLayersToTransform(1, 2)),
                "holds 2",
                "[0, 1]");
    }

    @Test
    void allEntriesThatMatchNothing_areInOneMessage() {
        Refused.with(
                "LoraEntryUnmatched",
                () -> resolve(names("q_proj", "a_prj", "b_prj").optExcludeModules("c_prj")),
                "'a_prj'",
                "'b_prj'",
                "'c_prj'");
    }

    @Test
    void anEntryThatHasNoEffect_isAnErrorThatSaysWhy() {
        Refused.with(
                "LoraEntryIneffective",
                () -> resolve(names("q_proj", "lm_head").optExcludeModules("lm_head")),
                "'lm_head'",
                "exclude_modules");
        Refused.with(
                "LoraEntryIneffective",
                () -> resolve(names("q_proj", "embed_tokens").optLayersToTransform(1)),
                "'embed_tokens'",
                "layers_to_transform [1]",
                "full name");
        Refused.with(
                "LoraEntryIneffective",
                () -> resolve(names("q_proj").optRankPattern(Map.of("k_proj", 4))),
                "'k_proj'",
                "none of the modules that it matches is adapted");
        Map<String, Integer> shadowed = new LinkedHashMap<>();
        shadowed.put("q_proj", 2);
        shadowed.put("1.self_attn.q_proj", 4);
        Refused.with(
                "LoraEntryIneffective",
                () -> resolve(names("q_proj").optRankPattern(shadowed)),
                "'1.self_attn.q_proj'",
                "an earlier pattern decides");
    }

    @Test
    void theSameEntriesAreWarningsWhenAnAdapterIsLoaded() {
        Map<String, Integer> ranks = new LinkedHashMap<>();
        ranks.put("q_proj", 2);
        ranks.put("up_proj", 4);
        LoraConfig config =
                names("model.layers.0.self_attn.q_proj", "q_proj", "score", "lm_head")
                        .optExcludeModules("lm_head", "vision")
                        .optLayersToTransform(1, 7)
                        .optRankPattern(ranks)
                        .build();
        LoraPlan plan = PlanResolver.resolveForLoading(config, LLAMA);
        assertEquals(
                List.of("model.layers.0.self_attn.q_proj", "model.layers.1.self_attn.q_proj"),
                plan.pairs().stream().map(PairPlan::name).toList());
        assertEquals(
                List.of(
                        "LoraEntryUnmatched", // score
                        "LoraEntryIneffective", // lm_head
                        "LoraEntryUnmatched", // vision
                        "LoraLayerUnmatched", // 7
                        "LoraEntryIneffective"), // up_proj
                plan.warnings().stream().map(PlanWarning::code).toList());
    }

    @Test
    void aFullName_isAdaptedWhateverTheLayers() {
        LoraPlan plan = resolve(names("model.embed_tokens", "q_proj").optLayersToTransform(1));
        assertEquals(
                List.of("model.embed_tokens", "model.layers.1.self_attn.q_proj"),
                plan.pairs().stream().map(PairPlan::name).toList());
    }

    @Test
    void targetsThatLeaveNothing_areAnErrorThatSaysWhy() {
        Refused.with(
                "LoraNothingTargeted",
                () -> resolve(LoraConfig.builder().setTargetModulesRegex("q_proj")),
                "'q_proj'",
                "none of the model's");
        Refused.with(
                "LoraNothingTargeted",
                () ->
                        PlanResolver.resolveForLoading(
                                names("q_proj").optLayersToTransform(5).build(), LLAMA),
                "It fits 2",
                "layers_to_transform [5]");
        Refused.with(
                "LoraNothingTargeted",
                () ->
                        resolve(
                                LoraConfig.builder()
                                        .setTargetModulesRegex("lm_head")
                                        .optExcludeModules("lm_head")),
                "exclude_modules takes out lm_head");
    }

    @Test
    void aTargetThatLoraCannotAdapt_isAnErrorThatNamesItsBlock() {
        Refused.with(
                "LoraModuleUnsupported",
                () -> resolve(names("norm")),
                "model.norm",
                "RmsNorm",
                "TokenEmbedding");
        ModelLayout djl =
                new ModelLayout(List.of(Layouts.other("embed", "TrainableWordEmbedding")));
        Refused.with(
                "LoraModuleUnsupported",
                () -> PlanResolver.resolve(names("embed").build(), djl),
                "TrainableWordEmbedding",
                "Use dev.ligature.block.TokenEmbedding");
    }

    @Test
    void allLinear_isEveryLinearModuleButTheHead() {
        LoraPlan plan = resolve(LoraConfig.builder().setAllLinear());
        assertEquals(14, plan.pairs().size());
        assertTrue(plan.pairs().stream().allMatch(pair -> pair.name().endsWith("_proj")));
        LoraPlan attention =
                resolve(LoraConfig.builder().setAllLinear().optExcludeModulesRegex(".*mlp.*"));
        assertEquals(8, attention.pairs().size());
    }

    @Test
    void allLinearWithoutAKnownHead_adaptsAllLinearModules_withAWarning() {
        ModelLayout layout =
                new ModelLayout(
                        List.of(
                                Layouts.embedding("table"),
                                Layouts.linear("fc"),
                                Layouts.linear("out")));
        LoraPlan plan = PlanResolver.resolve(LoraConfig.builder().setAllLinear().build(), layout);
        assertEquals(List.of("fc", "out"), plan.pairs().stream().map(PairPlan::name).toList());
        assertEquals("LoraNoOutputHead", plan.warnings().get(0).code());
        String message = plan.warnings().get(0).message();
        assertTrue(message.contains("@LoraTarget(role = OUTPUT_HEAD)"), message);
        assertTrue(message.endsWith("table, fc, out."), message);
    }

    @Test
    void anAlias_targetsExcludesAndRanksTheModuleThatFilesNameByItsFirstName() {
        ModelLayout layout =
                new ModelLayout(
                        List.of(aliased("shared.q", "left.q", "right.q"), Layouts.linear("out.q")));
        LoraPlan plan =
                PlanResolver.resolve(
                        names("right.q").optRankPattern(Map.of("left.q", 3)).build(), layout);
        assertEquals(List.of("shared.q"), plan.pairs().stream().map(PairPlan::name).toList());
        assertEquals(3, plan.pairs().get(0).rank());
        LoraPlan excluded =
                PlanResolver.resolve(names("q").optExcludeModules("left.q").build(), layout);
        assertEquals(List.of("out.q"), excluded.pairs().stream().map(PairPlan::name).toList());
    }

    @Test
    void factorsAreDoubleOnADoubleBaseAndFloatOnAnyOther() {
        for (DataType base : List.of(DataType.FLOAT64, DataType.FLOAT32, DataType.FLOAT16)) {
            ModelLayout layout =
                    new ModelLayout(
                            List.of(
                                    Layouts.module(
                                            "fc",
                                            List.of(),
                                            Role.MODULE,
                                            ModuleKind.LINEAR,
                                            "Linear",
                                            "fc",
                                            new Shape(3, 2),
                                            base)));
            DataType factors = base == DataType.FLOAT64 ? DataType.FLOAT64 : DataType.FLOAT32;
            LoraPlan plan = PlanResolver.resolve(names("fc").build(), layout);
            assertEquals(factors, plan.pairs().get(0).dataType());
        }
    }

    @Test
    void anExpressionThatBacktracksForHours_isRefusedAtOnce() {
        LoraConfig config = LoraConfig.builder().setTargetModulesRegex("((.|..)+)+x\\1").build();
        assertTimeoutPreemptively(
                Duration.ofSeconds(10),
                () ->
                        Refused.with(
                                "LoraRegexCost",
                                () -> resolve(config.toBuilder()),
                                "a million steps"));
    }

    @Test
    void theReport_saysWhatIsAdaptedAndTied() {
        LoraPlan plan =
                resolve(
                        names("embed_tokens", "layers.1.self_attn.q_proj")
                                .optRank(4)
                                .optLoraAlpha(6)
                                .optUseRslora(true)
                                .optEnsureWeightTying(true));
        assertEquals(
                """
                module                           reads      r  alpha  scaling  parameters
                model.embed_tokens               embedding  4      6        3         364
                  tied: lm_head                  linear
                model.layers.1.self_attn.q_proj  linear     4      6        3         192
                total                                                                 556
                """,
                plan.report());
    }

    @Test
    void theReport_endsWithTheWarnings() {
        String report = resolve(names("lm_head")).report();
        assertTrue(report.contains("\n[LoraTiedWeightSplit] Modules model.embed_tokens, lm_head"));
    }

    private static ModelLayout.Module aliased(String name, String... aliases) {
        return Layouts.module(
                name,
                List.of(aliases),
                Role.MODULE,
                ModuleKind.LINEAR,
                "Linear",
                name,
                Layouts.SQUARE,
                DataType.FLOAT32);
    }

    private static LoraConfig.Builder names(String... names) {
        return LoraConfig.builder().setTargetModules(names);
    }

    private static LoraPlan resolve(LoraConfig.Builder builder) {
        return PlanResolver.resolve(builder.build(), LLAMA);
    }
}
