package dev.ligature.models.phi3;

import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleWalker.ModelWalk;
import dev.ligature.models.DecoderShape;
import dev.ligature.models.ModelFamily;
import dev.ligature.models.SpecialTokens;
import dev.ligature.models.block.ConfigFields;
import dev.ligature.models.block.LayerKind;
import dev.ligature.models.block.NamedActivation;
import dev.ligature.models.block.Rope;
import dev.ligature.models.block.RopeFields;
import dev.ligature.models.decoder.DecoderConfig;
import dev.ligature.models.decoder.DecoderFields;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Optional;
import java.util.Set;

/** Phi-3 and Phi-4-mini, without {@code longrope}. */
public final class Phi3Family implements ModelFamily<Phi3ForCausalLM> {
    @Override
    public Set<String> modelTypes() {
        return Set.of("phi3");
    }

    @Override
    public Phi3ForCausalLM create(Path directory) throws IOException {
        return new Phi3ForCausalLM(
                DecoderFields.of(directory, "Phi3ForCausalLM", Phi3Family::config));
    }

    private static DecoderConfig config(DecoderFields in) throws CheckpointException {
        ConfigFields fields = in.fields();
        fields.noteDropout("attention_dropout", "embd_pdrop", "resid_pdrop");
        Rope rope = new RopeFields(fields, true).read(10_000);
        if (rope.scaling() != null) {
            String field = fields.names("rope_parameters") ? "rope_parameters" : "rope_scaling";
            throw fields.unsupported(field, "rope_type \"default\"");
        }
        LayerKind kind = new LayerKind(rope, in.window(0));
        return new DecoderConfig(
                fields.required("vocab_size"),
                fields.required("hidden_size"),
                fields.required("intermediate_size"),
                in.heads(0, 0),
                in.integer("max_position_embeddings", 4096),
                fields.number("rms_norm_eps", 1e-5),
                in.activation("hidden_act", NamedActivation.SILU),
                false,
                fields.bool("tie_word_embeddings", false),
                Collections.nCopies(in.layers(), kind),
                in.tokens(1, 32000, 32000));
    }

    @Override
    public ModelWalk<Phi3ForCausalLM> visit() {
        return Phi3ForCausalLMLora::visit;
    }

    @Override
    public ModelDescription describe() {
        return Phi3ForCausalLMLora.describe();
    }

    @Override
    public Optional<DecoderShape> decoder(Phi3ForCausalLM model) {
        return Optional.of(model.config.shape());
    }

    @Override
    public SpecialTokens tokens(Phi3ForCausalLM model) {
        return model.config.tokens();
    }
}
