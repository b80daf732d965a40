package dev.ligature.server.model;

import dev.ligature.LoraException;
import dev.ligature.LoraModel;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.models.DecoderShape;
import dev.ligature.models.ModelTask;
import dev.ligature.models.PretrainedModel;
import dev.ligature.models.SpecialTokens;
import dev.ligature.models.chat.ChatTemplate;
import dev.ligature.models.text.TextTokenizer;
import java.io.IOException;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A model that completes texts.
 *
 * @param lora the wrapped model
 * @param shape its sizes
 * @param tokens its special tokens, of which the stops end a text
 * @param tokenizer its tokenizer
 * @param chat its chat template, if its checkpoint has one
 */
public record LanguageModel(
        LoraModel lora,
        DecoderShape shape,
        SpecialTokens tokens,
        TextTokenizer tokenizer,
        Optional<ChatTemplate> chat)
        implements TaskModel {
    private static final Logger LOG = LoggerFactory.getLogger(LanguageModel.class);

    /**
     * Returns a loaded model, which must stay open.
     *
     * @param model the model
     * @throws IOException if it has no tokenizer
     * @throws LoraException if it is not a decoder
     */
    public static LanguageModel of(PretrainedModel model) throws IOException {
        return new LanguageModel(
                model.lora(), model.decoder(), model.tokens(), model.tokenizer(), template(model));
    }

    @Override
    public int maxTokens() {
        return shape.maxPositions();
    }

    @Override
    public ModelTask task() {
        return ModelTask.CAUSAL_LM;
    }

    /** A template that cannot be used leaves the model without one: completions need none. */
    private static Optional<ChatTemplate> template(PretrainedModel model) throws IOException {
        try {
            return ChatTemplate.find(model.directory());
        } catch (CheckpointException e) {
            LOG.error("Conversations will be refused, completions are served: {}", e.getMessage());
            return Optional.empty();
        }
    }
}
