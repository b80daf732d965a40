package dev.ligature.server.internal.handler;

import dev.ligature.LoraException;
import dev.ligature.models.chat.ChatTemplate;
import dev.ligature.models.generation.BatchOptions;
import dev.ligature.models.generation.GenerationOptions;
import dev.ligature.models.generation.Scores;
import dev.ligature.server.internal.answer.ApiException;
import dev.ligature.server.internal.engine.Wording;
import dev.ligature.server.internal.request.Choices;
import dev.ligature.server.internal.request.CompletionRequest;
import dev.ligature.server.internal.request.Drawing;
import dev.ligature.server.internal.request.Prompt;
import dev.ligature.server.model.LanguageModel;
import java.util.Collection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes tokens of prompts, and checks what the model must be asked for.
 *
 * @param model the model
 * @param mostTokens the most new tokens of a text
 * @param cache what there is room for
 * @param length of its texts
 */
record PromptReader(LanguageModel model, int mostTokens, BatchOptions cache, LengthRule length) {
    private static final Logger LOG = LoggerFactory.getLogger(PromptReader.class);
    private static final long MOST_LOGITS = 1L << 28; // of a prompt whose logprobs are asked for

    PromptReader(LanguageModel model, int mostTokens, BatchOptions cache) {
        this(model, mostTokens, cache, LengthRule.of(model));
    }

    /** Returns the tokens of a prompt. */
    long[] tokens(Prompt prompt) {
        if (prompt instanceof Prompt.Ids ids) {
            return checked("prompt", ids.ids().stream().mapToLong(Long::longValue).toArray());
        }
        if (prompt instanceof Prompt.Text text) {
            return checked(
                    "prompt",
                    model.tokenizer().encodePrompt(length.fitting("prompt", text.text())));
        }
        String text = length.fitting("messages", text((Prompt.Chat) prompt));
        return checked("messages", model.tokenizer().encode(text));
    }

    /** Returns the text that the chat template makes of a conversation. */
    String text(Prompt.Chat chat) {
        ChatTemplate template =
                model.chat()
                        .orElseThrow(
                                () ->
                                        ApiException.of(
                                                400,
                                                "no_chat_template",
                                                "The model has no chat template. POST"
                                                        + " /v1/completions instead."));
        try {
            return template.render(chat.conversation()).text();
        } catch (LoraException e) {
            // The message names a file of the server, which is not the client's business.
            LOG.info("A conversation was not rendered: {}", e.getMessage());
            throw ApiException.field(
                    400,
                    "chat_template",
                    "messages",
                    "The model's chat template refuses these messages"
                            + reason(e)
                            + ". Send roles and contents that the model was trained on.");
        }
    }

    private static String reason(LoraException refusal) {
        String text = String.valueOf(refusal.getMessage());
        int at = text.indexOf(": ");
        return at < 0 ? "" : text.substring(at);
    }

    private long[] checked(String field, long[] ids) {
        if (ids.length == 0) {
            throw ApiException.field(field, field + " has no tokens. Give a text to continue.");
        }
        inVocabulary(field, ids);
        return ids;
    }

    /** Returns how many tokens may be made at most, of what is asked for and there is room for. */
    int room(CompletionRequest request, int prompt) {
        int most = model.shape().maxPositions();
        long fitting = Math.min(most, cache.cacheTokens()) - prompt;
        int room = (int) Math.max(1, Math.min(mostTokens, fitting));
        int tokens = request.maxTokens().orElse(room);
        long all = (long) prompt + tokens;
        String field = request.prompts().get(0) instanceof Prompt.Chat ? "messages" : "prompt";
        String what = "The prompt's " + prompt + " tokens and max_tokens are " + all + " together,";
        if (all > most) {
            throw length.tooLong(field, what);
        }
        if (!cache.fits(all)) {
            throw ApiException.field(
                    400,
                    "cache_length_exceeded",
                    field,
                    what
                            + " more than the "
                            + cache.cacheTokens()
                            + " that the server's cache of keys and values has room for. Shorten"
                            + " the prompt, or ask for fewer tokens.");
        }
        return tokens;
    }

    /**
     * Returns how a prompt of a request is gone on with.
     *
     * @param tokens the most new ones
     */
    GenerationOptions options(CompletionRequest request, int tokens) {
        Drawing drawing = request.drawing();
        inVocabulary("logit_bias", drawing.sampling().logitBias().keySet());
        inVocabulary("stop_token_ids", drawing.stopIds());
        if (drawing.minTokens() > tokens) {
            throw ApiException.field(
                    "min_tokens",
                    "min_tokens is more than the "
                            + tokens
                            + " tokens of max_tokens. Ask for less.");
        }
        Choices choices = request.choices();
        return drawing.options(tokens, model.tokens().stops())
                .withScores(
                        new Scores(
                                choices.hasLogprobs() || choices.areRanked(),
                                choices.hasLogprobs() && choices.echo(),
                                Math.max(0, choices.logprobs())));
    }

    private void inVocabulary(String field, Collection<Integer> ids) {
        inVocabulary(field, ids.stream().mapToLong(Integer::longValue).toArray());
    }

    private void inVocabulary(String field, long[] ids) {
        try {
            model.shape().checkTokenIds(ids);
        } catch (LoraException e) {
            throw ApiException.field(field, String.valueOf(e.getMessage()));
        }
    }

    /** Returns what an answer says besides its text. */
    Wording wording(CompletionRequest request, Prompt prompt, long[] ids) {
        Choices choices = request.choices();
        long most = MOST_LOGITS / model.shape().vocabulary();
        if (choices.echo() && choices.hasLogprobs() && ids.length > most) {
            throw ApiException.field(
                    "echo",
                    "echo with logprobs takes prompts of up to "
                            + most
                            + " tokens. Shorten the prompt, or leave one of the two out.");
        }
        String text =
                prompt instanceof Prompt.Text given ? given.text() : model.tokenizer().decode(ids);
        return new Wording(choices.echo() ? text : null, model.tokenizer()::spelling);
    }
}
