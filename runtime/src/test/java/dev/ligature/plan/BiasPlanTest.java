package dev.ligature.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ligature.config.BiasMode;
import dev.ligature.config.LoraConfig;
import dev.ligature.internal.resolve.PlanResolver;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which biases an adapter has copies of. */
class BiasPlanTest {
    private static final ModelLayout LAYOUT = layout(List.of());

    @Test
    void all_isEveryBiasOfAnAnnotatedModule() {
        assertEquals(
                List.of("q.bias", "v.bias", "norm.bias"), biases(config(BiasMode.ALL), LAYOUT));
    }

    @Test
    void loraOnly_isThoseOfModulesWithAPair() {
        assertEquals(List.of("q.bias"), biases(config(BiasMode.LORA_ONLY), LAYOUT));
    }

    @Test
    void none_isNone() {
        assertEquals(List.of(), biases(config(BiasMode.NONE), LAYOUT));
    }

    @Test
    void theBiasOfASavedModule_isPartOfItsCopy() {
        LoraPlan plan =
                PlanResolver.resolve(config(BiasMode.ALL).optModulesToSave("v").build(), LAYOUT);
        assertEquals(
                List.of(
                        "v.weight SAVED_MODULE",
                        "v.bias SAVED_MODULE",
                        "q.bias BIAS",
                        "norm.bias BIAS"),
                plan.replacements().stream().map(c -> c.name() + " " + c.reason()).toList());
    }

    @Test
    void aBiasOfNoAnnotatedModule_isNamedInTheError() {
        ModelLayout layout = layout(List.of("04gate_bias"));
        Refused.with(
                "LoraBiasUncovered",
                () -> PlanResolver.resolve(config(BiasMode.ALL).build(), layout),
                "04gate_bias",
                "@LoraTarget",
                "lora_only");
        assertEquals(List.of("q.bias"), biases(config(BiasMode.LORA_ONLY), layout));
        assertEquals(
                3,
                PlanResolver.resolveForLoading(config(BiasMode.ALL).build(), layout)
                        .replacements()
                        .size());
    }

    @Test
    void aModeThatMeansNoBias_isAnError() {
        Refused.with(
                "LoraEntryIneffective",
                () -> PlanResolver.resolve(config(BiasMode.ALL).build(), without()),
                "bias has 'all'",
                "no module of the model has a bias");
        Refused.with(
                "LoraEntryIneffective",
                () ->
                        PlanResolver.resolve(
                                config(BiasMode.LORA_ONLY).setTargetModules("o").build(), LAYOUT),
                "bias has 'lora_only'",
                "none of the modules that are targeted has a bias");
    }

    private static ModelLayout without() {
        return new ModelLayout(List.of(Layouts.linear("q")));
    }

    private static ModelLayout layout(List<String> otherBiases) {
        return new ModelLayout(
                List.of(
                        Layouts.withBias(Layouts.linear("q")),
                        Layouts.withBias(Layouts.linear("v")),
                        Layouts.linear("o"),
                        Layouts.withBias(Layouts.norm("norm"))),
                otherBiases);
    }

    private static LoraConfig.Builder config(BiasMode mode) {
        return LoraConfig.builder().setTargetModules("q").optBias(mode);
    }

    private static List<String> biases(LoraConfig.Builder builder, ModelLayout layout) {
        return new ArrayList<>(
                PlanResolver.resolve(builder.build(), layout).replacements().stream()
                        .map(ReplacementPlan::name)
                        .toList());
    }
}
