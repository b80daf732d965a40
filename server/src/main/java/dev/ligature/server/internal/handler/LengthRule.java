package dev.ligature.server.internal.handler;

import dev.ligature.models.text.TextTokenizer;
import dev.ligature.server.internal.answer.ApiException;
import dev.ligature.server.model.LanguageModel;
import dev.ligature.server.model.TaskModel;

/**
 * The most tokens of a text.
 *
 * @param tokenizer makes them
 * @param most how many the model takes
 * @param remedy what to do with a text that has more, as a sentence
 */
record LengthRule(TextTokenizer tokenizer, int most, String remedy) {
    /** Returns the rule of a model's texts. */
    static LengthRule of(TaskModel model) {
        return new LengthRule(
                model.tokenizer(),
                model.maxTokens(),
                model instanceof LanguageModel
                        ? "Shorten the prompt, or ask for fewer tokens."
                        : "Shorten the text, or have it cut by truncate_prompt_tokens.");
    }

    /** Returns the rule of texts of which only the tokens are asked for. */
    static LengthRule ofTokens(TaskModel model) {
        return new LengthRule(model.tokenizer(), model.maxTokens(), "Send the text in parts.");
    }

    /**
     * Refuses a text that cannot fit before the time is spent to make tokens of it.
     *
     * @param field what the text stands in
     * @throws ApiException if it is certainly too long
     */
    String fitting(String field, String text) {
        if (tokenizer.file().bound().isExceeded(text, most)) {
            throw tooLong(
                    field, "The text has " + text.length() + " characters, and its tokens are");
        }
        return text;
    }

    /**
     * Returns the error of a text that is too long.
     *
     * @param what which tokens are more
     */
    ApiException tooLong(String field, String what) {
        return ApiException.field(
                400,
                "context_length_exceeded",
                field,
                what + " more than the model's " + most + ". " + remedy);
    }
}
