package dev.ligature.spark;

import dev.ligature.models.PretrainedModel;
import dev.ligature.models.text.TokenizedText;
import java.io.IOException;

/** Makes tokens of texts, and cuts or refuses those that are too long. */
final class TextLimit {
    private final Settings settings;
    private final PretrainedModel model;

    TextLimit(Settings settings, PretrainedModel model) {
        this.settings = settings;
        this.model = model;
    }

    /**
     * Returns the tokens of a text.
     *
     * @param most the most that the model takes
     * @throws dev.ligature.LoraException if there are more and texts are not cut, or there are none
     */
    long[] encode(String text, int most) throws IOException {
        TokenizedText tokens = model.tokenizer().tokenize(text);
        if (tokens.length() > most && !settings.truncate()) {
            throw SparkMessage.TEXT_TOO_LONG.error(tokens.length(), most, settings.model());
        }
        if (tokens.length() == 0) {
            throw SparkMessage.TEXT_EMPTY.error();
        }
        return tokens.cut(most).ids();
    }
}
