package dev.ligature.internal.resolve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.ligature.annotation.Role;
import dev.ligature.config.LoraConfig;
import dev.ligature.plan.Layouts;
import dev.ligature.plan.LoraPlan;
import dev.ligature.plan.ModelLayout;
import dev.ligature.plan.ModuleKind;
import dev.ligature.plan.PlanWarning;
import dev.ligature.plan.Refused;
import dev.ligature.plan.ReplacementPlan;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Which modules an adapter has copies of. First the table of PEFT's documentation,
 * package_reference/lora, "Weight tying" for modules_to_save, by base, flag and entries.
 */
class ModulesToSaveTest {
    @ParameterizedTest
    @CsvSource({
        // base tied, flag, modules_to_save, copies, warning
        "false, false, embed_tokens,         model.embed_tokens.weight,                 ''",
        "false, false, lm_head,              lm_head.weight,                            ''",
        "false, true,  embed_tokens,         model.embed_tokens.weight,                 LoraNoTie",
        "false, true,  lm_head,              lm_head.weight,                            LoraNoTie",
        "true,  false, embed_tokens,         model.embed_tokens.weight, LoraTiedWeightSplit",
        "true,  false, lm_head,              lm_head.weight,            LoraTiedWeightSplit",
        "true,  true,  embed_tokens,         model.embed_tokens.weight+lm_head.weight,  ''",
        "true,  true,  lm_head,              model.embed_tokens.weight+lm_head.weight,  ''",
        "false, false, embed_tokens lm_head, model.embed_tokens.weight lm_head.weight,  ''",
        "false, true,  embed_tokens lm_head, model.embed_tokens.weight lm_head.weight, LoraNoTie",
        "true,  false, embed_tokens lm_head, model.embed_tokens.weight lm_head.weight,"
                + " LoraTiedWeightSplit",
        "true,  true,  embed_tokens lm_head, model.embed_tokens.weight+lm_head.weight,  ''",
        "true,  true,  norm,                 model.norm.weight,              LoraTieUntouched",
    })
    void aTieIsMadeOrWarnedOfAsDocumented(
            boolean tied, boolean flag, String entries, String copies, String warning) {
        LoraConfig config = config(entries.split(" ", -1)).optEnsureWeightTying(flag).build();
        for (LoraPlan plan :
                List.of(
                        PlanResolver.resolve(config, Layouts.llama(tied)),
                        PlanResolver.resolveForLoading(config, Layouts.llama(tied)))) {
            assertEquals(copies, copies(plan));
            assertEquals(Stream.of(warning).filter(code -> !code.isEmpty()).toList(), codes(plan));
            assertEquals(2, plan.pairs().size());
        }
    }

    @Test
    void aCopyOfATiedWeight_countsOnce() {
        LoraPlan plan = create(config("lm_head").optEnsureWeightTying(true), true);
        assertEquals(2 * 8 * (24 + 24) + 67 * 24, plan.trainableParameters());
        String report = plan.report();
        assertTrue(report.contains("\nmodel.embed_tokens.weight"), report);
        assertTrue(report.contains("\n  tied: lm_head.weight"), report);
        assertTrue(report.contains("whole copy"), report);
    }

    @Test
    @Tag("D11")
    void aHeadInANestedModel_isTiedLikeOneAtTheRoot() {
        ModelLayout layout =
                new ModelLayout(
                        List.of(
                                Layouts.embedding("language_model.model.embed_tokens"),
                                Layouts.linear("language_model.q_proj"),
                                Layouts.head(
                                        "language_model.lm_head",
                                        "language_model.model.embed_tokens")));
        LoraPlan plan =
                PlanResolver.resolve(config("lm_head").optEnsureWeightTying(true).build(), layout);
        assertEquals(
                "language_model.model.embed_tokens.weight+language_model.lm_head.weight",
                copies(plan));
    }

    @ParameterizedTest
    @CsvSource({"shared", "encoder.embed_tokens", "decoder.embed_tokens", "lm_head"})
    @Tag("D11")
    void encoderDecoderAndHead_haveOneCopyWhoeverIsNamed(String entry) {
        LoraPlan plan =
                PlanResolver.resolve(
                        config(entry).optEnsureWeightTying(true).build(), sequenceToSequence());
        assertEquals(
                "shared.weight+encoder.embed_tokens.weight+decoder.embed_tokens.weight"
                        + "+lm_head.weight",
                copies(plan));
    }

    @Test
    void biasesOfTheModules_areCopiedWithThem_theirOwnAlsoWhereTheWeightIsTied() {
        List<ModelLayout.Module> modules = new ArrayList<>(Layouts.llama(true).modules());
        modules.set(modules.size() - 1, Layouts.withBias(modules.get(modules.size() - 1)));
        LoraPlan plan =
                PlanResolver.resolve(
                        config("embed_tokens").optEnsureWeightTying(true).build(),
                        new ModelLayout(modules));
        assertEquals("model.embed_tokens.weight+lm_head.weight lm_head.bias", copies(plan));
    }

    @Test
    void anEntryFitsFromADotOn_andWhatIsInTheModule() {
        LoraPlan norm = create(config("norm"), false);
        assertEquals("model.norm.weight", copies(norm));
        LoraPlan mlp = create(config("layers.1.mlp"), false);
        assertEquals(
                "model.layers.1.mlp.gate_proj.weight model.layers.1.mlp.up_proj.weight"
                        + " model.layers.1.mlp.down_proj.weight",
                copies(mlp));
    }

    @Test
    void whatPeftTookForAnEntryWithoutADot_isSaved_allOfItIfTheFileHasAnyOfIt() {
        LoraConfig config = config("norm").build();
        LoraPlan plan =
                PlanResolver.resolveForLoading(
                        config,
                        Layouts.llama(false),
                        Set.of("model.norm.weight", "model.layers.1.input_layernorm.weight"));
        assertEquals(
                "model.layers.0.input_layernorm.weight model.layers.1.input_layernorm.weight"
                        + " model.norm.weight",
                copies(plan));
        assertEquals(List.of("LoraLooseSuffix"), codes(plan));
        assertTrue(plan.warnings().get(0).message().contains("layers.1.input_layernorm"));
        assertEquals(
                List.of(
                        "model.layers.0.input_layernorm",
                        "model.layers.1.input_layernorm",
                        "model.norm"),
                ExplicitConfig.of(plan).modulesToSave());
        LoraPlan without =
                PlanResolver.resolveForLoading(
                        config, Layouts.llama(false), Set.of("model.norm.weight"));
        assertEquals("model.norm.weight", copies(without));
    }

    @Test
    void aFileWithValuesOfOneReader_fillsTheOtherWithAWarning() {
        LoraConfig config = config("lm_head").optEnsureWeightTying(true).build();
        LoraPlan plan =
                PlanResolver.resolveForLoading(
                        config, Layouts.llama(true), Set.of("lm_head.weight"));
        assertEquals(List.of("LoraTieFilled"), codes(plan));
        String message = plan.warnings().get(0).message();
        assertTrue(message.contains("values of lm_head.weight alone"), message);
        assertTrue(message.contains("used for model.embed_tokens.weight too"), message);
    }

    @Test
    void aModuleThatIsTargetedToo_hasACopyAndNoPair() {
        LoraPlan plan = create(config("o_proj").setTargetModules("q_proj", "o_proj"), false);
        assertEquals(2, plan.pairs().size());
        assertEquals(2, plan.replacements().size());
        assertEquals(List.of("LoraTargetSaved"), codes(plan));
        assertTrue(plan.warnings().get(0).message().contains("'o_proj'"));
        LoraPlan byRegex = create(config("mlp").setTargetModulesRegex(".*_proj"), false);
        assertEquals(8, byRegex.pairs().size());
        assertEquals(List.of(), codes(byRegex));
        LoraPlan linear = create(config("mlp").setAllLinear(), false);
        assertEquals(8, linear.pairs().size());
    }

    @Test
    void whereEveryTargetIsSaved_nothingIsLeftToAdapt() {
        Refused.with(
                "LoraNothingTargeted",
                () -> create(config("self_attn"), false),
                "modules_to_save has model.layers.0.self_attn.q_proj");
    }

    @ParameterizedTest
    @CsvSource({
        "embed_tokens, lm_head",
        "lm_head, embed_tokens",
        "lm_head, lm_head",
        "model.embed_tokens, embed_tokens"
    })
    @Tag("D15")
    void aTieGroupThatIsSavedAndTargeted_isAConflict(String saved, String target) {
        Refused.with(
                "LoraWeightClaimedTwice",
                () ->
                        create(
                                config(saved)
                                        .setTargetModules("q_proj", target)
                                        .optEnsureWeightTying(true),
                                true),
                "model.embed_tokens, lm_head read one weight",
                "target_modules gives",
                "modules_to_save gives model.embed_tokens, lm_head a copy",
                "untie the base");
    }

    @Test
    void withTheFlagOff_aCopyAndAPairOnOneWeight_areWarnedOf() {
        LoraPlan plan = create(config("embed_tokens").setTargetModules("q_proj", "lm_head"), true);
        assertEquals("model.embed_tokens.weight", copies(plan));
        assertEquals(3, plan.pairs().size());
        assertEquals(List.of("LoraTiedWeightSplit"), codes(plan));
        String message = plan.warnings().get(0).message();
        assertTrue(message.contains("only lm_head gets a pair"), message);
        assertTrue(message.contains("only model.embed_tokens gets a copy"), message);
    }

    @Test
    void anEntryThatMatchesNothing_isAnErrorUnlessItIsAllowed_andAWarningOnLoading() {
        Refused.with(
                "LoraEntryUnmatched",
                () -> create(config("lm_haed"), true),
                "modules_to_save has 'lm_haed'",
                "Did you mean lm_head?");
        Refused.with(
                "LoraEntryUnmatched",
                () -> create(config("layernorm"), true),
                "modules_to_save has 'layernorm'");
        assertEquals(
                List.of("LoraEntryUnmatched"),
                codes(create(config("lm_haed").optAllowUnmatched(true), true)));
        assertEquals(
                List.of("LoraEntryUnmatched"),
                codes(
                        PlanResolver.resolveForLoading(
                                config("lm_haed").build(), Layouts.llama(true))));
    }

    @Test
    void modulesWithoutParameters_areNoEffect_andThoseWithoutNamesInFilesAnError() {
        List<ModelLayout.Module> modules = new ArrayList<>(Layouts.llama(false).modules());
        modules.add(Layouts.other("model.dropout", "Dropout"));
        modules.add(
                new ModelLayout.Module(
                        "model.batch_norm",
                        List.of(),
                        Role.MODULE,
                        ModuleKind.OTHER,
                        "BatchNorm",
                        "",
                        new Shape(),
                        DataType.UNKNOWN,
                        1,
                        false,
                        List.of(
                                new ModelLayout.Parameter(
                                        "",
                                        "runningMean",
                                        new Shape(3),
                                        DataType.FLOAT32,
                                        false))));
        ModelLayout layout = new ModelLayout(modules);
        Refused.with(
                "LoraEntryIneffective",
                () -> PlanResolver.resolve(config("dropout").build(), layout),
                "'dropout'",
                "no parameters");
        Refused.with(
                "LoraModuleNotSaved",
                () -> PlanResolver.resolve(config("batch_norm").build(), layout),
                "model.batch_norm",
                "runningMean");
    }

    @Test
    void theExplicitConfiguration_namesEverySavedModuleInFull_andResolvesToTheSame() {
        LoraPlan plan = create(config("lm_head", "norm").optEnsureWeightTying(true), true);
        LoraConfig explicit = ExplicitConfig.of(plan);
        assertEquals(
                List.of("model.embed_tokens", "lm_head", "model.norm"), explicit.modulesToSave());
        assertEquals(
                plan.replacements(),
                PlanResolver.resolve(explicit, Layouts.llama(true)).replacements());
        assertEquals(List.of("lm_head", "norm"), plan.config().modulesToSave());
    }

    private static ModelLayout sequenceToSequence() {
        return new ModelLayout(
                List.of(
                        Layouts.embedding("shared"),
                        tied("encoder.embed_tokens", ModuleKind.EMBEDDING),
                        Layouts.linear("encoder.q_proj"),
                        tied("decoder.embed_tokens", ModuleKind.EMBEDDING),
                        tied("lm_head", ModuleKind.LINEAR)));
    }

    private static ModelLayout.Module tied(String name, ModuleKind kind) {
        return Layouts.module(name, Role.MODULE, kind, "Tied", "shared", Layouts.TABLE);
    }

    private static LoraConfig.Builder config(String... entries) {
        return LoraConfig.builder().setTargetModules("q_proj").optModulesToSave(entries);
    }

    private static LoraPlan create(LoraConfig.Builder builder, boolean tied) {
        return PlanResolver.resolve(builder.build(), Layouts.llama(tied));
    }

    private static List<String> codes(LoraPlan plan) {
        return plan.warnings().stream().map(PlanWarning::code).toList();
    }

    private static String copies(LoraPlan plan) {
        return plan.replacements().stream()
                .map(
                        copy ->
                                copy.readers().stream()
                                        .map(ReplacementPlan.Reader::name)
                                        .collect(Collectors.joining("+")))
                .collect(Collectors.joining(" "));
    }
}
