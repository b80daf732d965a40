package dev.ligature.models.t5;

import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleWalker.ModelWalk;
import dev.ligature.models.DecoderShape;
import dev.ligature.models.EncoderDecoderShape;
import dev.ligature.models.ModelFamily;
import dev.ligature.models.ModelTask;
import dev.ligature.models.SpecialTokens;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** T5, T5 1.1 and Flan-T5. */
public final class T5Family implements ModelFamily<T5ForConditionalGeneration> {
    @Override
    public Set<String> modelTypes() {
        return Set.of("t5");
    }

    @Override
    public Set<String> architectures() {
        return Set.of(T5Config.ARCHITECTURE);
    }

    @Override
    public ModelTask task() {
        return ModelTask.SEQ_2_SEQ_LM;
    }

    @Override
    public T5ForConditionalGeneration create(Path directory) throws IOException {
        return new T5ForConditionalGeneration(T5Config.read(directory));
    }

    @Override
    public ModelWalk<T5ForConditionalGeneration> visit() {
        return T5ForConditionalGenerationLora::visit;
    }

    @Override
    public ModelDescription describe() {
        return T5ForConditionalGenerationLora.describe();
    }

    @Override
    public Optional<DecoderShape> decoder(T5ForConditionalGeneration model) {
        return Optional.empty();
    }

    @Override
    public Optional<EncoderDecoderShape> encoderDecoder(T5ForConditionalGeneration model) {
        T5Config config = model.config();
        return Optional.of(
                new EncoderDecoderShape(
                        new DecoderShape(
                                config.vocabSize(),
                                Integer.MAX_VALUE, // distances of any size have a number
                                config.numDecoderLayers(),
                                config.numHeads(),
                                config.headSize()),
                        config.startToken()));
    }

    @Override
    public SpecialTokens tokens(T5ForConditionalGeneration model) {
        return model.config().tokens();
    }

    /** Returns what old checkpoints hold beside weights; Transformers ignores it as well. */
    @Override
    public List<String> ignoredTensors() {
        return List.of("decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight");
    }
}
