package dev.ligature.models.family;

import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleWalker.ModelWalk;
import dev.ligature.models.DecoderShape;
import dev.ligature.models.ModelFamily;
import dev.ligature.models.SpecialTokens;
import dev.ligature.models.block.ConfigFields;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** A family that only the tests have, found as those of users are. */
public final class BagFamily implements ModelFamily<BagModel> {
    @Override
    public Set<String> modelTypes() {
        return Set.of("bag", "bag-encoder");
    }

    @Override
    public BagModel create(Path directory) throws IOException {
        ConfigFields config = ConfigFields.ofModel(directory);
        boolean generates = config.string("model_type").equals(Optional.of("bag"));
        return new BagModel(
                config.required("vocab_size"), config.required("hidden_size"), generates);
    }

    @Override
    public ModelWalk<BagModel> visit() {
        return BagModelLora::visit;
    }

    @Override
    public ModelDescription describe() {
        return BagModelLora.describe();
    }

    @Override
    public Optional<DecoderShape> decoder(BagModel model) {
        return model.generates
                ? Optional.of(new DecoderShape(model.vocabulary, 32, 1, 1, model.size))
                : Optional.empty();
    }

    @Override
    public SpecialTokens tokens(BagModel model) {
        return new SpecialTokens(null, null, List.of(0));
    }
}
