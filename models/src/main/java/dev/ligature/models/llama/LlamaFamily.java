package dev.ligature.models.llama;

import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleWalker.ModelWalk;
import dev.ligature.models.DecoderShape;
import dev.ligature.models.ModelFamily;
import dev.ligature.models.SpecialTokens;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Llama, and the model types that differ from it by configuration. */
public final class LlamaFamily implements ModelFamily<LlamaForCausalLM> {
    @Override
    public Set<String> modelTypes() {
        return Arrays.stream(LlamaVariant.values())
                .map(LlamaVariant::modelType)
                .collect(Collectors.toUnmodifiableSet());
    }

    @Override
    public LlamaForCausalLM create(Path directory) throws IOException {
        return new LlamaForCausalLM(LlamaConfig.read(directory));
    }

    @Override
    public ModelWalk<LlamaForCausalLM> visit() {
        return LlamaForCausalLMLora::visit;
    }

    @Override
    public ModelDescription describe() {
        return LlamaForCausalLMLora.describe();
    }

    @Override
    public Optional<DecoderShape> decoder(LlamaForCausalLM model) {
        return Optional.of(model.config().decoderShape());
    }

    @Override
    public SpecialTokens tokens(LlamaForCausalLM model) {
        return model.config().tokens();
    }

    /** Returns what old checkpoints hold beside weights; Transformers ignores it as well. */
    @Override
    public List<String> ignoredTensors() {
        return List.of("model.layers.*.self_attn.rotary_emb.inv_freq", "v_head.*");
    }
}
