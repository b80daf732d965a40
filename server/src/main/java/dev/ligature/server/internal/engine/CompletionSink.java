package dev.ligature.server.internal.engine;

import dev.ligature.server.internal.answer.ApiException;
import dev.ligature.server.internal.answer.Finish;
import dev.ligature.server.internal.answer.TokenLogprob;
import dev.ligature.server.internal.answer.Usage;
import java.util.List;

/** Where a completion goes. Called by the thread that runs the batch, which must not be held up. */
public interface CompletionSink {
    /** Takes the prompt, before all text, where the answer is to begin with it. */
    void echo(String prompt, List<TokenLogprob> tokens);

    /**
     * Takes a piece of text.
     *
     * @param tokens those since the last piece, if their probabilities are asked for
     */
    void text(String piece, List<TokenLogprob> tokens);

    /** Takes the end, after all text. */
    void end(Finish finish, Usage usage);

    /** Takes an error, which is the end as well. */
    void fail(ApiException error);
}
