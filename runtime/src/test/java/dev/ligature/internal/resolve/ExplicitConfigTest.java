package dev.ligature.internal.resolve;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.types.DataType;
import dev.ligature.annotation.Role;
import dev.ligature.config.LoraConfig;
import dev.ligature.config.ModuleSelection;
import dev.ligature.config.PatternValue;
import dev.ligature.plan.Layouts;
import dev.ligature.plan.LoraPlan;
import dev.ligature.plan.ModelLayout;
import dev.ligature.plan.ModuleKind;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class ExplicitConfigTest {
    @Test
    @Tag("D22")
    void aTiedReaderThatWasNotTargeted_isNamed() {
        LoraPlan plan = tied(config("q_proj", "embed_tokens"));
        assertEquals(Set.of("q_proj", "embed_tokens", "lm_head"), targets(plan));
        assertReloads(plan);
    }

    @Test
    void aConfigThatNamesAllReaders_staysAsItIs() {
        LoraConfig config = config("embed_tokens", "lm_head").build();
        assertEquals(config, ExplicitConfig.of(PlanResolver.resolve(config, Layouts.llama(true))));
        LoraConfig regex = LoraConfig.builder().setTargetModulesRegex(".*q_proj").build();
        assertEquals(regex, ExplicitConfig.of(PlanResolver.resolve(regex, Layouts.llama(true))));
    }

    @Test
    @Tag("D21")
    void anExpressionThatMissesATiedReader_getsItAsAnAlternative() {
        LoraPlan plan =
                tied(
                        LoraConfig.builder()
                                .setTargetModulesRegex("lm_.*")
                                .optEnsureWeightTying(true));
        assertEquals(
                new ModuleSelection.Regex("lm_.*|model\\.embed_tokens"),
                ExplicitConfig.of(plan).targetModules());
        assertReloads(plan);
    }

    @Test
    @Tag("D21")
    void anExpressionWithFlagsOnATie_becomesTheListOfNames() {
        LoraPlan plan =
                tied(
                        LoraConfig.builder()
                                .setTargetModulesRegex("(?i)LM_HEAD")
                                .optEnsureWeightTying(true));
        assertEquals(Set.of("model.embed_tokens", "lm_head"), targets(plan));
        assertReloads(plan);
    }

    @Test
    void allLinear_becomesTheListOfNames() {
        LoraPlan plan = tied(LoraConfig.builder().setAllLinear());
        assertEquals(14, targets(plan).size());
        assertReloads(plan);
    }

    @Test
    void valuesOfATiedReaderThatNoPatternNames_areAddedAfterTheOthers() {
        LoraPlan plan =
                tied(
                        config("embed_tokens", "q_proj")
                                .optRankPattern(Map.of("embed_tokens", 4))
                                .optAlphaPattern(Map.of("embed_tokens", 2.5)));
        LoraConfig saved = ExplicitConfig.of(plan);
        assertEquals(
                List.of(new PatternValue<>("embed_tokens", 4), new PatternValue<>("lm_head", 4)),
                saved.rankPattern());
        assertEquals(
                List.of(
                        new PatternValue<>("embed_tokens", 2.5),
                        new PatternValue<>("lm_head", 2.5)),
                saved.alphaPattern());
        assertReloads(plan);
    }

    @Test
    void aModuleThatWasTargetedByAnAlias_isNamedAsInTheFile() {
        ModelLayout layout =
                new ModelLayout(
                        List.of(
                                Layouts.module(
                                        "shared.q",
                                        List.of("left.k"),
                                        Role.MODULE,
                                        ModuleKind.LINEAR,
                                        "Linear",
                                        "shared.q",
                                        Layouts.SQUARE,
                                        DataType.FLOAT32)));
        LoraConfig config =
                LoraConfig.builder().setTargetModules("k").optRankPattern(Map.of("k", 2)).build();
        LoraConfig saved = ExplicitConfig.of(PlanResolver.resolve(config, layout));
        assertEquals(new ModuleSelection.Names(Set.of("k", "shared.q")), saved.targetModules());
        assertEquals(
                List.of(new PatternValue<>("k", 2), new PatternValue<>("shared.q", 2)),
                saved.rankPattern());
    }

    private static LoraConfig.Builder config(String... targets) {
        return LoraConfig.builder().setTargetModules(targets).optEnsureWeightTying(true);
    }

    private static LoraPlan tied(LoraConfig.Builder builder) {
        return PlanResolver.resolve(builder.build(), Layouts.llama(true));
    }

    private static Set<String> targets(LoraPlan plan) {
        return ((ModuleSelection.Names) ExplicitConfig.of(plan).targetModules()).names();
    }

    private static void assertReloads(LoraPlan plan) {
        LoraPlan again =
                PlanResolver.resolveForLoading(ExplicitConfig.of(plan), Layouts.llama(true));
        assertEquals(plan.pairs(), again.pairs());
        assertEquals(plan.warnings(), again.warnings());
        assertEquals(ExplicitConfig.of(plan), ExplicitConfig.of(again));
    }
}
