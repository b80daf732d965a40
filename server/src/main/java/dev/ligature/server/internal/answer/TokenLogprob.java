package dev.ligature.server.internal.answer;

import dev.ligature.models.generation.TokenScore;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongFunction;

/**
 * A token as clients see it, with the logarithm of its probability.
 *
 * @param token its text
 * @param logprob NaN where nothing comes before it
 * @param likeliest the likeliest tokens at its place, without others of their own
 */
public record TokenLogprob(String token, double logprob, List<TokenLogprob> likeliest) {
    private static final double LEAST = -9999; // JSON has no infinity

    /** Makes the logarithm a number that JSON has. */
    public TokenLogprob {
        logprob = Math.max(logprob, LEAST); // NaN stays
    }

    public static List<TokenLogprob> of(List<TokenScore> scores, LongFunction<String> spelling) {
        List<TokenLogprob> tokens = new ArrayList<>();
        for (TokenScore score : scores) {
            List<TokenLogprob> likeliest = new ArrayList<>();
            score.likeliest()
                    .forEach(
                            (id, logprob) ->
                                    likeliest.add(
                                            new TokenLogprob(
                                                    spelling.apply(id), logprob, List.of())));
            tokens.add(new TokenLogprob(spelling.apply(score.id()), score.logprob(), likeliest));
        }
        return tokens;
    }
}
