package dev.ligature.server;

import dev.ligature.LoraException;
import dev.ligature.LoraModel;
import dev.ligature.models.DecoderShape;
import dev.ligature.models.PretrainedModel;
import dev.ligature.models.SpecialTokens;
import dev.ligature.models.text.TextTokenizer;
import java.io.IOException;

/**
 * A model that completes texts.
 *
 * @param lora the wrapped model
 * @param shape its sizes
 * @param tokens its special tokens, of which the stops end a text
 * @param tokenizer its tokenizer
 */
public record LanguageModel(
        LoraModel lora, DecoderShape shape, SpecialTokens tokens, TextTokenizer tokenizer) {
    /**
     * Returns a loaded model, which must stay open.
     *
     * @param model the model
     * @throws IOException if it has no tokenizer
     * @throws LoraException if it is not a decoder
     */
    public static LanguageModel of(PretrainedModel model) throws IOException {
        return new LanguageModel(model.lora(), model.decoder(), model.tokens(), model.tokenizer());
    }
}
