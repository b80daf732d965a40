package dev.ligature.server.internal.answer;

import dev.ligature.models.chat.ToolCall;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An answer, or a piece of it.
 *
 * @param index its place among the answers of a request
 * @param offset the characters of the answer's tokens before these
 * @param calls of functions that it has
 * @param firstCall how many calls the answer has before these
 * @param tokens those of the text; null if their probabilities are not asked for
 * @param finish why it ended; null if it goes on
 */
public record ChoiceText(
        int index,
        String text,
        List<ToolCall> calls,
        int firstCall,
        int offset,
        @Nullable List<TokenLogprob> tokens,
        @Nullable Finish finish) {}
