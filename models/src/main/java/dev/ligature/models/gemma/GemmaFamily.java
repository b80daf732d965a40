package dev.ligature.models.gemma;

import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleWalker.ModelWalk;
import dev.ligature.models.DecoderShape;
import dev.ligature.models.ModelFamily;
import dev.ligature.models.SpecialTokens;
import dev.ligature.models.block.ConfigFields;
import dev.ligature.models.decoder.DecoderFields;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;

/** Gemma 2, and the text models of Gemma 3. */
public final class GemmaFamily implements ModelFamily<GemmaForCausalLM> {
    private static final String GEMMA_2 = "gemma2";

    @Override
    public Set<String> modelTypes() {
        return Set.of(GEMMA_2, "gemma3_text");
    }

    @Override
    public GemmaForCausalLM create(Path directory) throws IOException {
        String type = ConfigFields.ofModel(directory).string("model_type").orElse("");
        return new GemmaForCausalLM(
                type.equals(GEMMA_2)
                        ? DecoderFields.of(
                                directory, "Gemma2ForCausalLM", GemmaConfigReader::gemma2)
                        : DecoderFields.of(
                                directory, "Gemma3ForCausalLM", GemmaConfigReader::gemma3));
    }

    @Override
    public ModelWalk<GemmaForCausalLM> visit() {
        return GemmaForCausalLMLora::visit;
    }

    @Override
    public ModelDescription describe() {
        return GemmaForCausalLMLora.describe();
    }

    @Override
    public Optional<DecoderShape> decoder(GemmaForCausalLM model) {
        return Optional.of(model.config.decoder().shape());
    }

    @Override
    public SpecialTokens tokens(GemmaForCausalLM model) {
        return model.config.decoder().tokens();
    }
}
