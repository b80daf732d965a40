package dev.ligature.cli;

import dev.ligature.config.LoraConfig;
import dev.ligature.models.decoder.DecoderAttentionLora;
import dev.ligature.models.llama.LlamaForCausalLMLora;
import dev.ligature.models.llama.LlamaModelLora;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * One of the adapters that the demo compares.
 *
 * @param adapter its name
 * @param label what it is, for the report
 * @param config how it is made
 */
record DemoRecipe(String adapter, String label, LoraConfig config) {
    private static final List<String> ATTENTION =
            List.of(
                    DecoderAttentionLora.Q_PROJ,
                    DecoderAttentionLora.K_PROJ,
                    DecoderAttentionLora.V_PROJ,
                    DecoderAttentionLora.O_PROJ);

    static final DemoRecipe ATTENTION_ONLY =
            new DemoRecipe("attention", "LoRA on attention", adapting().build());

    static final DemoRecipe TIED =
            new DemoRecipe(
                    "tied",
                    "LoRA on attention and the tied embeddings",
                    adapting(LlamaModelLora.EMBED_TOKENS).optEnsureWeightTying(true).build());

    static final DemoRecipe UNTIED =
            new DemoRecipe(
                    "untied",
                    "the same with untied copies",
                    adapting(LlamaModelLora.EMBED_TOKENS, LlamaForCausalLMLora.LM_HEAD).build());

    static final List<DemoRecipe> ALL = List.of(ATTENTION_ONLY, TIED, UNTIED);

    private static LoraConfig.Builder adapting(String... beyondAttention) {
        List<String> targets = new ArrayList<>(ATTENTION);
        Collections.addAll(targets, beyondAttention);
        return LoraConfig.builder()
                .setTargetModules(targets)
                .optRank(8)
                .optLoraAlpha(16)
                .optTaskType("CAUSAL_LM");
    }
}
