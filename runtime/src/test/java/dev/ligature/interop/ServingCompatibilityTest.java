package dev.ligature.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ligature.checkpoint.LlamaLayout;
import dev.ligature.config.BiasMode;
import dev.ligature.config.LoraConfig;
import dev.ligature.config.LoraInit;
import dev.ligature.internal.peft.AdapterConfigWriter;
import dev.ligature.internal.resolve.ExplicitConfig;
import dev.ligature.internal.resolve.PlanResolver;
import dev.ligature.interop.ServingCompatibility.Effect;
import dev.ligature.interop.ServingCompatibility.Finding;
import dev.ligature.interop.ServingCompatibility.Server;
import dev.ligature.plan.LoraPlan;
import dev.ligature.plan.ModelLayout;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ServingCompatibilityTest {
    @Test
    void aPlainAdapterOfLinearModules_isTakenByBoth() {
        ServingCompatibility found = of(config("q_proj", "v_proj"));
        assertEquals(List.of(), found.findings());
        assertEquals("vLLM: accepted\nllama.cpp: accepted\n", found.report());
        assertTrue(found.accepts(Server.VLLM) && found.accepts(Server.LLAMA_CPP));
    }

    @Test
    void rsLora_isScaledRightlyByVllmAlone() {
        ServingCompatibility found = of(config("q_proj").optUseRslora(true));
        assertTrue(found.accepts(Server.VLLM));
        assertFinding(found, Server.LLAMA_CPP, Effect.DIFFERENT, "q_proj", "use_rslora is ignored");
    }

    @Test
    void patterns_areIgnoredByVllm_andThoseOfAlphaByLlamaCppToo() {
        ServingCompatibility ranks =
                of(config("q_proj", "v_proj").optRankPattern(Map.of("v_proj", 4)));
        assertFinding(ranks, Server.VLLM, Effect.DIFFERENT, "scaled by 1.0", "v_proj", "ignored");
        assertTrue(ranks.accepts(Server.LLAMA_CPP));
        ServingCompatibility alphas =
                of(config("q_proj", "v_proj").optAlphaPattern(Map.of("v_proj", 4.0)));
        assertFalse(alphas.accepts(Server.VLLM));
        assertFinding(
                alphas, Server.LLAMA_CPP, Effect.DIFFERENT, "v_proj", "alpha_pattern is ignored");
    }

    @ParameterizedTest
    @CsvSource({"16, 0", "17, 32", "300, 320", "512, 512"})
    void aRankAboveTheDefault_needsAnOptionOfVllm(int rank, int option) {
        ServingCompatibility found = of(config("q_proj").optRank(rank).optLoraAlpha(rank));
        assertTrue(found.accepts(Server.VLLM));
        if (option == 0) {
            assertEquals(List.of(), found.findings());
        } else {
            assertFinding(
                    found,
                    Server.VLLM,
                    Effect.DEPENDS,
                    "rank is " + rank,
                    "--max-lora-rank " + option + ".");
        }
        assertTrue(found.accepts(Server.LLAMA_CPP));
    }

    @Test
    void aRankAbove512_isRefusedByVllm() {
        assertFinding(
                of(config("q_proj").optRank(513)), Server.VLLM, Effect.REFUSED, "rank is 513");
    }

    @Test
    void aTiedHead_isRefusedByLlamaCpp_andDependsOnTheArchitectureInVllm() {
        ServingCompatibility found = of(config("embed_tokens").optEnsureWeightTying(true));
        assertFinding(
                found,
                Server.LLAMA_CPP,
                Effect.REFUSED,
                "lm_head is tied to model.embed_tokens",
                "Merge the adapter");
        assertFinding(found, Server.VLLM, Effect.DEPENDS, "model.embed_tokens, lm_head", "Qwen2");
        assertTrue(found.accepts(Server.VLLM));
        assertFalse(found.accepts(Server.LLAMA_CPP));
    }

    @Test
    void ofAnUntiedBase_embeddingAndHeadAreTakenByLlamaCpp() {
        LoraConfig config = config("embed_tokens", "lm_head").build();
        ServingCompatibility found = of(config, LlamaLayout.untied());
        assertEquals(List.of(), found.of(Server.LLAMA_CPP));
        assertFinding(found, Server.VLLM, Effect.DEPENDS, "model.embed_tokens, lm_head");
    }

    @Test
    void anEmbeddingWhoseHeadIsLeftOut_isUncertainInLlamaCpp() {
        assertFinding(
                of(config("embed_tokens")),
                Server.LLAMA_CPP,
                Effect.DEPENDS,
                "model.embed_tokens has a tied head");
    }

    @Test
    void anAdapterThatNamesNoBase_needsAnOptionOfTheConverter() {
        LoraConfig config = LoraConfig.builder().setTargetModules("q_proj").build();
        assertFinding(of(config, LlamaLayout.tied()), Server.LLAMA_CPP, Effect.DEPENDS, "--base");
    }

    @ParameterizedTest
    @CsvSource({
        "use_dora, true, DoRA",
        "bias, lora_only, biases",
        "bias, all, biases",
        "lora_bias, true, factors have biases",
        "trainable_token_indices, [3], token rows",
        "layer_replication, [0], replicates layers",
    })
    void whatNeitherSupports_isRefusedByBoth(String field, String value, String reason) {
        ServingCompatibility found = with(field, value.equals("true") ? (Object) true : value);
        for (Server server : Server.values()) {
            assertFinding(found, server, Effect.REFUSED, reason, "Merge the adapter");
        }
    }

    @Test
    void whatAConfigurationAsksFor_isFoundInThePlan() {
        Map<LoraConfig.Builder, String> configs =
                Map.of(
                        config("q_proj").optUseDora(true), "DoRA",
                        config("q_proj").optLoraBias(true), "factors have biases",
                        config("q_proj").optBias(BiasMode.LORA_ONLY), "trains biases",
                        config("q_proj").optModulesToSave("lm_head"), "is [lm_head",
                        config("q_proj").optTrainableTokenIndices(3, 5), "token rows");
        configs.forEach(
                (config, reason) -> {
                    ModelLayout layout = LlamaLayout.untied();
                    LoraPlan plan = PlanResolver.resolveForLoading(config.build(), layout);
                    ServingCompatibility found = ServingCompatibility.of(plan, layout);
                    for (Server server : Server.values()) {
                        assertFinding(found, server, Effect.REFUSED, reason);
                    }
                });
    }

    @Test
    void savedModules_areRefused_butForTheHeadsOfClassifiersInVllm() {
        ServingCompatibility norm = with("modules_to_save", List.of("norm"));
        assertFinding(norm, Server.VLLM, Effect.REFUSED, "modules_to_save is [norm]");
        assertFinding(norm, Server.LLAMA_CPP, Effect.REFUSED, "ignores");
        ServingCompatibility head = with("modules_to_save", List.of("score"));
        assertTrue(head.accepts(Server.VLLM));
        assertFalse(head.accepts(Server.LLAMA_CPP));
    }

    @Test
    void targetParameters_areRefusedByLlamaCpp() {
        ServingCompatibility found = with("target_parameters", List.of("experts.w"));
        assertFinding(found, Server.VLLM, Effect.DEPENDS, "experts.w");
        assertFinding(found, Server.LLAMA_CPP, Effect.REFUSED, "experts.w");
    }

    @ParameterizedTest
    @ValueSource(strings = {"pissa", "pissa_niter_4", "olora", "corda", "loftq"})
    void anInitThatChangesTheBase_isComputedWithoutIt(String init) {
        for (Server server : Server.values()) {
            assertFinding(with("init_lora_weights", init), server, Effect.DIFFERENT, "is " + init);
        }
        assertEquals(List.of(), with("init_lora_weights", "gaussian").findings());
    }

    @Test
    void anAdapterThatStartsFromItsWeights_isJudgedAsThePlainOneThatIsSaved() {
        ModelLayout layout = LlamaLayout.untied();
        LoraConfig config = config("q_proj").optInit(LoraInit.PISSA).optRank(12).build();
        LoraPlan plan = PlanResolver.resolve(config, layout);
        ServingCompatibility saved = ServingCompatibility.ofSaved(plan, layout);
        assertFinding(saved, Server.VLLM, Effect.DEPENDS, "the rank is 24");
        assertTrue(saved.accepts(Server.LLAMA_CPP));
        assertFalse(ServingCompatibility.of(plan, layout).accepts(Server.LLAMA_CPP));
    }

    @Test
    void theReport_hasALineForEachFinding() {
        assertEquals(
                "vLLM: depends, the rank is 17, and the default limit 16. Start it with"
                        + " --max-lora-rank 32.\nllama.cpp: accepted\n",
                of(config("q_proj").optRank(17)).report());
    }

    private static LoraConfig.Builder config(String... targets) {
        return LoraConfig.builder().setTargetModules(targets).optBaseModelNameOrPath("org/base");
    }

    private static ServingCompatibility of(LoraConfig.Builder config) {
        return of(config.build(), LlamaLayout.tied());
    }

    private static ServingCompatibility of(LoraConfig config, ModelLayout layout) {
        return ServingCompatibility.of(PlanResolver.resolve(config, layout), layout);
    }

    /** Returns what is found of a plain adapter whose file has one field besides. */
    private static ServingCompatibility with(String field, Object value) {
        ModelLayout layout = LlamaLayout.tied();
        LoraPlan plan = PlanResolver.resolve(config("q_proj").build(), layout);
        Map<String, @Nullable Object> fields =
                new TreeMap<>(AdapterConfigWriter.fields(ExplicitConfig.of(plan)));
        fields.put(field, value);
        return ServingCompatibility.of(plan, layout, fields);
    }

    private static void assertFinding(
            ServingCompatibility found, Server server, Effect effect, String... parts) {
        List<Finding> fitting =
                found.of(server).stream().filter(finding -> finding.effect() == effect).toList();
        String text = fitting.stream().map(Finding::toString).collect(Collectors.joining("\n"));
        for (String part : parts) {
            assertTrue(text.contains(part), () -> part + " is not in: " + found);
        }
    }
}
