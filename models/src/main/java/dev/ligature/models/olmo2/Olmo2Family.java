package dev.ligature.models.olmo2;

import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleWalker.ModelWalk;
import dev.ligature.models.DecoderShape;
import dev.ligature.models.ModelFamily;
import dev.ligature.models.SpecialTokens;
import dev.ligature.models.block.ConfigFields;
import dev.ligature.models.block.LayerKind;
import dev.ligature.models.block.NamedActivation;
import dev.ligature.models.block.RopeFields;
import dev.ligature.models.decoder.DecoderConfig;
import dev.ligature.models.decoder.DecoderFields;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Optional;
import java.util.Set;

/** OLMo 2. */
public final class Olmo2Family implements ModelFamily<Olmo2ForCausalLM> {
    @Override
    public Set<String> modelTypes() {
        return Set.of("olmo2");
    }

    @Override
    public Olmo2ForCausalLM create(Path directory) throws IOException {
        return new Olmo2ForCausalLM(
                DecoderFields.of(directory, "Olmo2ForCausalLM", Olmo2Family::config));
    }

    private static DecoderConfig config(DecoderFields in) throws CheckpointException {
        ConfigFields fields = in.fields();
        fields.noteDropout("attention_dropout");
        LayerKind kind = new LayerKind(new RopeFields(fields, false).read(10_000), 0);
        return new DecoderConfig(
                fields.required("vocab_size"),
                fields.required("hidden_size"),
                fields.required("intermediate_size"),
                in.heads(0, 0),
                in.integer("max_position_embeddings", 2048),
                fields.number("rms_norm_eps", 1e-5),
                in.activation("hidden_act", NamedActivation.SILU),
                fields.bool("attention_bias", false),
                fields.bool("tie_word_embeddings", false),
                Collections.nCopies(in.layers(), kind),
                in.tokens(null, 50279, 1));
    }

    @Override
    public ModelWalk<Olmo2ForCausalLM> visit() {
        return Olmo2ForCausalLMLora::visit;
    }

    @Override
    public ModelDescription describe() {
        return Olmo2ForCausalLMLora.describe();
    }

    @Override
    public Optional<DecoderShape> decoder(Olmo2ForCausalLM model) {
        return Optional.of(model.config.shape());
    }

    @Override
    public SpecialTokens tokens(Olmo2ForCausalLM model) {
        return model.config.tokens();
    }
}
