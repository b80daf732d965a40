package dev.ligature.models.gpt2;

import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleWalker.ModelWalk;
import dev.ligature.models.DecoderShape;
import dev.ligature.models.ModelFamily;
import dev.ligature.models.SpecialTokens;
import dev.ligature.models.decoder.DecoderFields;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** GPT-2. */
public final class Gpt2Family implements ModelFamily<Gpt2LMHeadModel> {
    @Override
    public Set<String> modelTypes() {
        return Set.of("gpt2");
    }

    @Override
    public Gpt2LMHeadModel create(Path directory) throws IOException {
        return new Gpt2LMHeadModel(
                DecoderFields.of(directory, "GPT2LMHeadModel", Gpt2Config::read));
    }

    @Override
    public ModelWalk<Gpt2LMHeadModel> visit() {
        return Gpt2LMHeadModelLora::visit;
    }

    @Override
    public ModelDescription describe() {
        return Gpt2LMHeadModelLora.describe();
    }

    @Override
    public Optional<DecoderShape> decoder(Gpt2LMHeadModel model) {
        return Optional.of(model.config.shape());
    }

    @Override
    public SpecialTokens tokens(Gpt2LMHeadModel model) {
        return model.config.tokens();
    }

    /** Returns the name without the head's prefix, which files of the model below it have. */
    @Override
    public List<String> otherNames(String tensor) {
        String prefix = "transformer.";
        return tensor.startsWith(prefix) ? List.of(tensor.substring(prefix.length())) : List.of();
    }

    /** Returns the masks that older files hold beside weights; Transformers ignores them too. */
    @Override
    public List<String> ignoredTensors() {
        return List.of("*h.*.attn.bias", "*h.*.attn.masked_bias");
    }
}
