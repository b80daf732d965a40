package dev.ligature.server.internal.answer;

/**
 * The tokens of a request.
 *
 * @param promptTokens those of the prompt
 * @param cachedTokens those of them that were taken from a kept prefix
 * @param newTokens those that were made
 */
public record Usage(int promptTokens, int cachedTokens, int newTokens) {
    /** Of a request of which nothing was computed. */
    public static final Usage NONE = new Usage(0, 0);

    /** Creates the usage of a request that has taken nothing from kept prefixes. */
    public Usage(int promptTokens, int newTokens) {
        this(promptTokens, 0, newTokens);
    }

    /** Returns the tokens of both. */
    public Usage plus(Usage other) {
        return new Usage(
                promptTokens + other.promptTokens,
                cachedTokens + other.cachedTokens,
                newTokens + other.newTokens);
    }

    /** Returns the usage of a further answer to a prompt, which is counted once. */
    public Usage withoutPrompt() {
        return new Usage(0, 0, newTokens);
    }
}
