package dev.ligature.server;

import java.util.List;

/** Where a completion goes. Called by the thread that runs the batch, which must not be held up. */
interface CompletionSink {
    /** Why a completion ended. */
    enum Finish {
        /** The model, or a stop text, ended it. */
        STOP,
        /** It has the most tokens that it may have. */
        LENGTH,
        /** It is one or more calls of functions. */
        TOOL_CALLS
    }

    /**
     * The tokens of a request.
     *
     * @param promptTokens those of the prompt
     * @param cachedTokens those of them that were taken from a kept prefix
     * @param newTokens those that were made
     */
    record Usage(int promptTokens, int cachedTokens, int newTokens) {
        static final Usage NONE = new Usage(0, 0);

        Usage(int promptTokens, int newTokens) {
            this(promptTokens, 0, newTokens);
        }

        Usage plus(Usage other) {
            return new Usage(
                    promptTokens + other.promptTokens,
                    cachedTokens + other.cachedTokens,
                    newTokens + other.newTokens);
        }

        /** Returns the usage of a further answer to a prompt, which is counted once. */
        Usage withoutPrompt() {
            return new Usage(0, 0, newTokens);
        }
    }

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
