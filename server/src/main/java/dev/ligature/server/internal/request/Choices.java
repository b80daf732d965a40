package dev.ligature.server.internal.request;

/**
 * How many answers a request asks for, and what it wants to know of them.
 *
 * @param n for each prompt
 * @param bestOf how many are made for each prompt, of which the n likeliest are sent
 * @param echo whether an answer begins with its prompt
 * @param logprobs how many of the likeliest tokens at each place are told with their probabilities,
 *     besides the one that was taken; negative if nothing of that is asked for
 */
public record Choices(int n, int bestOf, boolean echo, int logprobs) {
    /** Asks for one answer, and for nothing more. */
    public static final Choices ONE = new Choices(1, 1, false, -1);

    public boolean hasLogprobs() {
        return logprobs >= 0;
    }

    /** Returns whether more is made than is sent. */
    public boolean areRanked() {
        return bestOf > n;
    }
}
