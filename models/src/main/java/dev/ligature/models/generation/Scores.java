package dev.ligature.models.generation;

/**
 * Which scores of tokens are kept.
 *
 * @param ofNewTokens whether those of the tokens that are made
 * @param ofPrompt whether those of the prompt's tokens, which is then read alone and to its end,
 *     whatever is kept of other texts
 * @param likeliest how many of the likeliest tokens at each place have theirs kept as well
 */
public record Scores(boolean ofNewTokens, boolean ofPrompt, int likeliest) {
    /** Keeps none. */
    public static final Scores NONE = new Scores(false, false, 0);
}
