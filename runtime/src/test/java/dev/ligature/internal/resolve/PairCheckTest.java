package dev.ligature.internal.resolve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.ligature.annotation.Role;
import dev.ligature.config.LoraConfig;
import dev.ligature.config.LoraInit;
import dev.ligature.plan.Layouts;
import dev.ligature.plan.LoraPlan;
import dev.ligature.plan.ModelLayout;
import dev.ligature.plan.ModuleKind;
import dev.ligature.plan.PairPlan;
import dev.ligature.plan.Refused;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What a weight, its readers and its rank allow. */
class PairCheckTest {
    private static final ModelLayout TIED = Layouts.llama(true);
    private static final ModelLayout UNTIED = Layouts.llama(false);

    private static LoraConfig.Builder config(String... targets) {
        return LoraConfig.builder().setTargetModules(targets);
    }

    @Test
    @Tag("D6")
    void d6_anInitThatRewritesTheBase_isRefusedOnATiedWeight_withTheFlagAndWithout() {
        for (LoraInit init : List.of(LoraInit.PISSA, LoraInit.pissa(4), LoraInit.OLORA)) {
            for (boolean flag : new boolean[] {true, false}) {
                LoraConfig config =
                        config("lm_head", "q_proj")
                                .optInit(init)
                                .optEnsureWeightTying(flag)
                                .build();
                Refused.with(
                        "LoraTieInit",
                        () -> PlanResolver.resolve(config, TIED),
                        "init_lora_weights is " + init,
                        "model.embed_tokens, lm_head all read that weight",
                        "untie the base");
                assertEquals(3, PlanResolver.resolve(config, UNTIED).pairs().size());
            }
        }
    }

    @Test
    void anEmbeddingAlone_startsAsPeftsDoes_whateverTheInit() {
        LoraConfig config =
                config("embed_tokens", "q_proj").optInit(LoraInit.PISSA).optRank(4).build();
        List<PairPlan> pairs = PlanResolver.resolve(config, TIED).pairs();
        assertFalse(pairs.get(0).startsFromWeight());
        assertTrue(pairs.get(1).startsFromWeight());
    }

    @Test
    @Tag("D8")
    void d8_doraOnATieGroup_isRefused_andOnReadersApartItIsNot() {
        LoraConfig together =
                config("lm_head", "embed_tokens")
                        .optUseDora(true)
                        .optEnsureWeightTying(true)
                        .build();
        Refused.with(
                "LoraTieDora",
                () -> PlanResolver.resolve(together, TIED),
                "model.embed_tokens, lm_head",
                "use_dora",
                "untie the base");
        assertEquals(2, PlanResolver.resolve(together, UNTIED).pairs().size());
        LoraConfig apart = together.toBuilder().optEnsureWeightTying(false).build();
        assertEquals(2, PlanResolver.resolve(apart, TIED).pairs().size());
    }

    @Test
    @Tag("D5")
    void d5_aTiedPairIsDrawnOnce_byTheRuleOfItsLinearReader() {
        LoraConfig config = config("embed_tokens").optEnsureWeightTying(true).build();
        List<PairPlan> pairs = PlanResolver.resolve(config, TIED).pairs();
        assertEquals(1, pairs.size());
        assertTrue(pairs.get(0).hasLinearReader());
    }

    @Test
    void aBiasOfB_isRefusedForAnEmbedding() {
        LoraConfig config = config("embed_tokens").optLoraBias(true).build();
        Refused.with(
                "LoraBiasEmbedding",
                () -> PlanResolver.resolve(config, TIED),
                "model.embed_tokens",
                "do not target");
    }

    @Test
    void aBiasOfB_isRefusedWithDora_andWithInitsThatHaveNone() {
        Refused.with(
                "LoraBiasCombination",
                () -> config("q_proj").optLoraBias(true).optUseDora(true).build(),
                "use_dora is true");
        Refused.with(
                "LoraBiasCombination",
                () -> config("q_proj").optLoraBias(true).optInit(LoraInit.GAUSSIAN).build(),
                "init_lora_weights is gaussian");
    }

    @Test
    void aRankThatTheInitCannotHave_isRefused() {
        Refused.with(
                "LoraInitRank",
                () ->
                        PlanResolver.resolve(
                                config("q_proj").optInit(LoraInit.ORTHOGONAL).optRank(3).build(),
                                TIED),
                "needs an even rank",
                "has r 3. Use 4");
        Refused.with(
                "LoraInitRank",
                () ->
                        PlanResolver.resolve(
                                config("q_proj").optInit(LoraInit.OLORA).optRank(99).build(), TIED),
                "r is 99",
                "Use at most ");
    }

    @Test
    void aRandomStart_cannotBeLoaded_andAnExactOneCan() {
        LoraConfig random = config("q_proj").optInit(LoraInit.pissa(16)).optRank(4).build();
        Refused.with(
                "LoraInitNotRepeatable",
                () -> PlanResolver.resolveForLoading(random, TIED),
                "pissa_niter_16",
                "path_initial_model_for_weight_conversion");
        assertEquals(2, PlanResolver.resolve(random, TIED).pairs().size());
        LoraConfig exact = random.toBuilder().optInit(LoraInit.PISSA).build();
        assertEquals(2, PlanResolver.resolveForLoading(exact, TIED).pairs().size());
    }

    @Test
    void fanInFanOut_isAWarning_andIsSavedAsFalse() {
        LoraPlan plan = PlanResolver.resolve(config("q_proj").optFanInFanOut(true).build(), TIED);
        assertEquals("LoraFanInFanOut", plan.warnings().get(0).code());
        assertFalse(ExplicitConfig.of(plan).fanInFanOut());
        assertEquals(
                plan.pairs(),
                PlanResolver.resolve(config("q_proj").build(), TIED).pairs(),
                "no effect");
    }

    @Test
    void aConvolution_isRefusedWhatPeftDoesNotDefineForIt() {
        Refused.with(
                "LoraConvolutionInit",
                () -> convolution(1, config("conv").optInit(LoraInit.PISSA)),
                "init_lora_weights is pissa",
                "conv is a convolution");
        Refused.with(
                "LoraConvolutionGroups",
                () -> convolution(4, config("conv").optRank(6)),
                "4 groups, and r is 6",
                "Use a multiple of 4");
        Refused.with(
                "LoraConvolutionGroups",
                () -> convolution(4, config("conv").optUseDora(true)),
                "use_dora is true",
                "4 groups");
    }

    @Test
    void theFactorsOfAConvolution_haveItsWindowAndItsGroups() {
        PairPlan pair = convolution(4, config("conv").optRank(8)).pairs().get(0);
        assertEquals(new Shape(8, 12 * 3 * 5), pair.shapeOfA());
        assertEquals(new Shape(16, 2), pair.shapeOfB());
        assertEquals(
                new PairPlan.Kernel(12, 4, new Shape(3, 5)),
                pair.kernel(),
                "three channels a group");
        assertEquals(8 * 12 * 15 + 32, pair.parameterCount());
    }

    @Test
    void aConvolutionWithThreeDimensions_isRefused() {
        ModelLayout.Module module = convolution(new Shape(16, 3, 3, 5, 2), 1);
        Refused.with(
                "LoraWeightShape",
                () ->
                        PlanResolver.resolve(
                                config("conv").build(), new ModelLayout(List.of(module))),
                "(16, 3, 3, 5, 2), not (out, in, width) or (out, in, height, width)");
    }

    private static LoraPlan convolution(int groups, LoraConfig.Builder config) {
        ModelLayout.Module module = convolution(new Shape(16, 12 / groups, 3, 5), groups);
        return PlanResolver.resolve(config.build(), new ModelLayout(List.of(module)));
    }

    private static ModelLayout.Module convolution(Shape shape, int groups) {
        return Layouts.module(
                "conv",
                List.of(),
                Role.MODULE,
                ModuleKind.CONVOLUTION,
                "Conv2d",
                "conv",
                shape,
                DataType.FLOAT32,
                groups);
    }

    @Test
    void aConvertedPlan_hasTwiceTheRank_andTheScalingItHad() {
        for (boolean rslora : new boolean[] {false, true}) {
            LoraConfig config =
                    config("embed_tokens", "q_proj", "v_proj")
                            .optInit(LoraInit.OLORA)
                            .optRank(4)
                            .optLoraAlpha(6)
                            .optUseRslora(rslora)
                            .optRankPattern(Map.of("v_proj", 2))
                            .optAlphaPattern(Map.of("v_proj", 5.0))
                            .build();
            LoraPlan plan = PlanResolver.resolve(config, TIED);
            LoraPlan converted = ConvertedPlan.of(plan);
            // What a reader that knows no conversion makes of the saved configuration.
            LoraPlan reloaded = PlanResolver.resolveForLoading(ExplicitConfig.of(converted), TIED);

            assertEquals(LoraInit.DEFAULT, ExplicitConfig.of(converted).init());
            assertEquals(converted.pairs(), reloaded.pairs());
            for (int i = 0; i < plan.pairs().size(); i++) {
                PairPlan before = plan.pairs().get(i);
                PairPlan after = reloaded.pairs().get(i);
                int times = before.startsFromWeight() ? 2 : 1;
                assertEquals(times * before.rank(), after.rank(), before.name());
                assertEquals(before.scaling(), after.scaling(), 1e-12, before.name());
            }
            assertEquals(4, reloaded.pairs().get(0).rank(), "the embedding started as ever");
        }
    }

    @Test
    void iterations_belongToPissaAlone() {
        assertThrows(IllegalArgumentException.class, () -> LoraInit.pissa(0));
        assertThrows(IllegalArgumentException.class, () -> new LoraInit(LoraInit.Kind.OLORA, 2));
        assertEquals("pissa_niter_4", LoraInit.pissa(4).toString());
    }
}
