package dev.ligature.server.internal.request;

import dev.ligature.models.generation.GenerationOptions;
import dev.ligature.models.generation.Sampling;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * How the tokens of a completion are chosen.
 *
 * @param sampling by their logits
 * @param seed of the draws
 * @param minTokens how many are made before one may end the completion
 * @param stopIds the tokens that end it besides those of the model
 * @param ignoreEos whether those of the model do not
 */
public record Drawing(
        Sampling sampling, long seed, int minTokens, Set<Integer> stopIds, boolean ignoreEos) {
    /**
     * Returns the options of a completion.
     *
     * @param tokens the most tokens that are made
     * @param modelStops the tokens by which the model ends a text
     */
    public GenerationOptions options(int tokens, Collection<Integer> modelStops) {
        Set<Integer> stops = new HashSet<>(stopIds);
        if (!ignoreEos) {
            stops.addAll(modelStops);
        }
        return GenerationOptions.greedy(tokens)
                .withSampling(sampling)
                .withSeed(seed)
                .withMinNewTokens(minTokens)
                .withStopIds(stops);
    }

    /** Returns the options of one of several texts of a request: each has draws of its own. */
    public static GenerationOptions ofChoice(GenerationOptions options, int index) {
        // Seeds that follow each other would begin with almost the same draw.
        return index == 0
                ? options
                : options.withSeed(new SplittableRandom(options.seed() + index).nextLong());
    }
}
