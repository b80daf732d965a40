package dev.ligature.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.ligature.annotation.Role;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * The configurations were tried with PEFT 0.21 on a tied Llama, with the flag and without: it
 * adapts what they spell out, and gives the logits of the shared pair.
 */
class ExplicitConfigTest {
    private static final ModelLayout LAYOUT =
            new ModelLayout(
                    List.of(
                            module(
                                    "model.embed_tokens",
                                    ModuleKind.EMBEDDING,
                                    Role.INPUT_EMBEDDING),
                            module("model.layers.0.q_proj", ModuleKind.LINEAR, Role.MODULE),
                            module("model.layers.1.q_proj", ModuleKind.LINEAR, Role.MODULE),
                            module("lm_head", ModuleKind.LINEAR, Role.OUTPUT_HEAD)));

    @Test
    void aTiedModule_isTargetedByItsFullName() {
        LoraPlan plan = plan(tied().setTargetModules("q_proj", "embed_tokens"));
        assertEquals(
                new ModuleSelection.Names(
                        Set.of("q_proj", "embed_tokens", "model.embed_tokens", "lm_head")),
                plan.explicitConfig().targetModules());
        assertSamePairs(plan);
    }

    @Test
    void anExpression_getsTheReadersItLeavesOut() {
        LoraPlan plan = plan(tied().setTargetModulesRegex(".*\\.(q_proj|embed_tokens)"));
        assertEquals(
                new ModuleSelection.Regex(".*\\.(q_proj|embed_tokens)|lm_head"),
                plan.explicitConfig().targetModules());
        assertSamePairs(plan);
        LoraPlan head = plan(tied().setTargetModulesRegex("lm_head"));
        assertEquals(
                new ModuleSelection.Regex("lm_head|model\\.embed_tokens"),
                head.explicitConfig().targetModules());
        assertSamePairs(head);
    }

    @Test
    void rankAndAlphaOfOneReader_areThoseOfAll() {
        LoraPlan plan =
                plan(
                        tied().setTargetModules("q_proj", "embed_tokens")
                                .optRankPattern(Map.of("embed_tokens", 5))
                                .optAlphaPattern(Map.of("lm_head", 20.0)));
        LoraConfig explicit = plan.explicitConfig();
        assertEquals(Map.of("embed_tokens", 5, "lm_head", 5), explicit.rankPattern());
        assertEquals(Map.of("lm_head", 20.0, "model.embed_tokens", 20.0), explicit.alphaPattern());
        assertSamePairs(plan);
    }

    @Test
    void whereNothingIsShared_theConfigurationIsUnchanged() {
        LoraPlan plan = plan(LoraConfig.builder().setTargetModules("q_proj", "lm_head"));
        assertSame(plan.config(), plan.explicitConfig());
    }

    private static LoraConfig.Builder tied() {
        return LoraConfig.builder().optRank(3).optLoraAlpha(6).optEnsureWeightTying(true);
    }

    private static LoraPlan plan(LoraConfig.Builder config) {
        return LoraPlan.resolve(config.build(), LAYOUT);
    }

    private static void assertSamePairs(LoraPlan plan) {
        LoraPlan again = LoraPlan.resolve(plan.explicitConfig(), LAYOUT);
        assertEquals(plan.pairs(), again.pairs());
        assertEquals(plan.explicitConfig(), again.explicitConfig());
        assertEquals(List.of(), again.warnings());
    }

    private static ModelLayout.Module module(String name, ModuleKind kind, Role role) {
        String weight = role == Role.OUTPUT_HEAD ? "model.embed_tokens" : name;
        Shape shape = new Shape(29, 16);
        return new ModelLayout.Module(
                name, List.of(), role, kind, "Block", weight, shape, DataType.FLOAT32);
    }
}
