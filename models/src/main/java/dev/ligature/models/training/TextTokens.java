package dev.ligature.models.training;

import dev.ligature.models.PretrainedModel;
import dev.ligature.models.internal.ModelMessage;
import dev.ligature.models.text.TextTokenizer;
import dev.ligature.models.text.TokenizedText;
import java.io.IOException;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/** Makes tokens of texts for one model, and counts the texts that were too long. */
final class TextTokens {
    private final PretrainedModel model;
    private final int most;
    private long cut;

    /**
     * Creates it; the tokenizer is opened when it is needed.
     *
     * @param model the model
     * @param most the most tokens of a text
     */
    TextTokens(PretrainedModel model, int most) {
        this.model = model;
        this.most = most;
    }

    PretrainedModel model() {
        return model;
    }

    int most() {
        return most;
    }

    long cut() {
        return cut;
    }

    TextTokenizer tokenizer() throws IOException {
        return model.tokenizer();
    }

    TokenizedText text(String text) throws IOException {
        return fitting(tokenizer().tokenize(text));
    }

    TokenizedText pair(String text, String pair) throws IOException {
        return fitting(tokenizer().tokenize(text, pair));
    }

    TokenizedText words(List<String> words) throws IOException {
        return fitting(tokenizer().tokenize(words));
    }

    private TokenizedText fitting(TokenizedText text) throws IOException {
        check(text.ids());
        cut += text.length() > most ? 1 : 0;
        return text.cut(most);
    }

    /** Returns a text that ends with the token that ends a text, whether it is cut or not. */
    long[] ended(String text) throws IOException {
        int end = end();
        long[] ids = text(text).ids();
        if (ids.length > 0 && ids[ids.length - 1] == end) {
            return ids;
        }
        long[] ended = Arrays.copyOf(ids, Math.min(ids.length + 1, most));
        ended[ended.length - 1] = end;
        return ended;
    }

    /**
     * Returns a row of tokens, which may be too many.
     *
     * @param counted which of them count
     */
    CausalRow row(long[] ids, BitSet counted) throws IOException {
        check(ids);
        cut += ids.length > most ? 1 : 0;
        return CausalRow.of(ids, counted, most);
    }

    /**
     * Returns a prompt with its completion, which are one text for the tokenizer, and the token
     * that ends it. The tokens that the prompt alone has too are the prompt's.
     *
     * @param allCounts whether the prompt's tokens count too
     */
    CausalRow completion(String prompt, String completion, boolean allCounts) throws IOException {
        long[] alone = tokenizer().encodePrompt(prompt);
        long[] both = tokenizer().encodePrompt(prompt + completion);
        long end = end();
        if (both.length == 0 || both[both.length - 1] != end) {
            both = Arrays.copyOf(both, both.length + 1);
            both[both.length - 1] = end;
        }
        // The end is the completion's, also where the tokenizer has put one behind the prompt.
        int ofPrompt = allCounts ? 0 : Math.min(common(alone, both), both.length - 1);
        BitSet counted = new BitSet();
        counted.set(ofPrompt, both.length);
        return row(both, counted);
    }

    private static int common(long[] one, long[] other) {
        int mismatch = Arrays.mismatch(one, other);
        return mismatch < 0 ? one.length : mismatch;
    }

    /** Returns the token that ends a text. */
    int end() {
        return model.tokens().stops().stream()
                .findFirst()
                .orElseThrow(() -> ModelMessage.NO_END.error(model.directory()));
    }

    /** Says of the first token that the model does not know what it is. */
    private void check(long[] ids) throws IOException {
        int vocabulary = model.vocabulary();
        for (long id : ids) {
            if (id >= vocabulary) {
                throw ModelMessage.TOKENIZER_BEYOND.error(
                        id, tokenizer().spelling(id), vocabulary - 1);
            }
        }
    }
}
