package dev.ligature.server;

/** Where a completion goes. Called by the thread that runs the batch, which must not be held up. */
interface CompletionSink {
    /** Why a completion ended. */
    enum Finish {
        /** The model, or a stop text, ended it. */
        STOP,
        /** It has the most tokens that it may have. */
        LENGTH
    }

    /**
     * The tokens of a request.
     *
     * @param promptTokens those of the prompt
     * @param newTokens those that were made
     */
    record Usage(int promptTokens, int newTokens) {}

    /** Takes a piece of text. */
    void text(String piece);

    /** Takes the end, after all text. */
    void end(Finish finish, Usage usage);

    /** Takes an error, which is the end as well. */
    void fail(ApiException error);
}
