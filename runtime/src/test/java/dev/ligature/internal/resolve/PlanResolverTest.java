package dev.ligature.internal.resolve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ligature.LoraException;
import dev.ligature.config.BiasMode;
import dev.ligature.config.LoraConfig;
import dev.ligature.config.LoraInit;
import dev.ligature.plan.Layouts;
import dev.ligature.plan.ModelLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** How the problems of one configuration are reported together. */
class PlanResolverTest {
    private static final ModelLayout LLAMA = Layouts.llama(true);

    @Test
    void severalProblems_areInOneError_aLineEach_andTheFirstGivesTheCode() {
        LoraConfig config =
                LoraConfig.builder()
                        .setTargetModules("q_proj", "norm")
                        .optRank(3)
                        .optInit(LoraInit.ORTHOGONAL)
                        .optRankPattern(Map.of("q_porj", 5))
                        .optModulesToSave("lm_haed")
                        .optTrainableTokenIndices(99)
                        .optTargetParameters("no.such")
                        .build();
        LoraException error = refused(config);
        assertEquals("LoraModuleUnsupported", error.code());
        assertEquals(
                List.of(
                        "[LoraModuleUnsupported] Module model.norm is targeted",
                        "[LoraEntryUnmatched] target_parameters has 'no.such'",
                        "[LoraEntryUnmatched] rank_pattern has 'q_porj'",
                        "[LoraInitRank] init_lora_weights is orthogonal",
                        "[LoraEntryUnmatched] modules_to_save has 'lm_haed'",
                        "[LoraTokenRange] trainable_token_indices has 99"),
                starts(error));
    }

    @Test
    void oneProblem_isTheWholeMessage() {
        LoraConfig config =
                LoraConfig.builder()
                        .setTargetModules("q_proj")
                        .optTrainableTokenIndices(99)
                        .build();
        assertEquals(
                "[LoraTokenRange] trainable_token_indices has 99, but the weight of module"
                        + " model.embed_tokens has 67 rows, 0 to 66. Correct it, or enlarge the"
                        + " base's vocabulary first.",
                refused(config).getMessage());
    }

    @Test
    void whatFollowsFromAMisspeltTarget_isNotReported() {
        LoraConfig config =
                LoraConfig.builder()
                        .setTargetModules("v_prj")
                        .optLayersToTransform(1)
                        .optRankPattern(Map.of("v_proj", 4)) // adapted, once v_prj is corrected
                        .optBias(BiasMode.LORA_ONLY)
                        .build();
        LoraException error = refused(config);
        assertEquals(1, starts(error).size(), error.getMessage());
        assertEquals("LoraEntryUnmatched", error.code());
    }

    @Test
    void whereNothingIsLeftToAdapt_patternsAndBiasesAreNotReported() {
        LoraConfig config =
                LoraConfig.builder()
                        .setTargetModulesRegex("v_proj")
                        .optRankPattern(Map.of("v_proj", 4))
                        .optBias(BiasMode.LORA_ONLY)
                        .build();
        LoraException error = refused(config);
        assertEquals(1, starts(error).size(), error.getMessage());
        assertEquals("LoraNothingTargeted", error.code());
    }

    @Test
    void aPatternForAModuleThatIsNotAdapted_isReportedNextToWhatHasNothingToDoWithIt() {
        LoraConfig config =
                LoraConfig.builder()
                        .setTargetModules("q_proj")
                        .optRankPattern(Map.of("k_proj", 4))
                        .optModulesToSave("lm_haed")
                        .build();
        assertEquals(
                List.of(
                        "[LoraEntryIneffective] rank_pattern has 'k_proj'",
                        "[LoraEntryUnmatched] modules_to_save has 'lm_haed'"),
                starts(refused(config)));
    }

    @Test
    void aModuleThatCannotBeAdapted_leavesTheOthersOfItsKindUnmentioned() {
        List<ModelLayout.Module> modules = new ArrayList<>(LLAMA.modules());
        modules.add(Layouts.other("conv", "Conv3d"));
        LoraConfig config =
                LoraConfig.builder().setTargetModulesRegex(".*(norm|layernorm|conv)").build();
        LoraException error =
                assertThrows(
                        LoraException.class,
                        () -> PlanResolver.resolve(config, new ModelLayout(modules)));
        assertEquals(2, starts(error).size(), error.getMessage()); // a RmsNorm and the Conv3d
    }

    @Test
    void aParameterThatHasRowsOrACopyToo_isReportedOnce() {
        LoraConfig.Builder builder =
                LoraConfig.builder()
                        .setTargetModules("q_proj")
                        .optTargetParameters("embed_tokens.weight")
                        .optEnsureWeightTying(true);
        LoraException rows = refused(builder.optTrainableTokenIndices(1).build());
        assertEquals(
                List.of("[LoraWeightClaimedTwice] Of the weight of module model.embed_tokens"),
                starts(rows));
        LoraException both = refused(builder.optModulesToSave("lm_head").build());
        assertEquals(2, starts(both).size(), both.getMessage()); // the copy and the rows
    }

    @Test
    void whereAnAdapterIsLoaded_anErrorComesWithoutWhatIsOnlyDoubtfulThere() {
        LoraConfig config =
                LoraConfig.builder()
                        .setTargetModules("q_proj", "v_prj")
                        .optTrainableTokenIndices(99)
                        .build();
        LoraException error =
                assertThrows(
                        LoraException.class, () -> PlanResolver.resolveForLoading(config, LLAMA));
        assertEquals("LoraTokenRange", error.code());
        assertEquals(1, starts(error).size());
        LoraConfig allowed = config.toBuilder().optAllowUnmatched(true).build();
        assertEquals(error.getMessage(), refused(allowed).getMessage());
    }

    private static LoraException refused(LoraConfig config) {
        return assertThrows(LoraException.class, () -> PlanResolver.resolve(config, LLAMA));
    }

    /** Returns the lines of a message up to their first comma. */
    private static List<String> starts(LoraException error) {
        List<String> lines = String.valueOf(error.getMessage()).lines().toList();
        assertTrue(lines.stream().allMatch(line -> line.startsWith("[Lora")), error.getMessage());
        return lines.stream().map(line -> line.substring(0, line.indexOf(','))).toList();
    }
}
