package dev.ligature.models.generation;

import dev.ligature.models.SpecialTokens;
import dev.ligature.models.internal.ModelMessage;
import java.util.Collection;
import java.util.Set;

/**
 * How text is continued.
 *
 * @param maxNewTokens the most tokens to add to each prompt
 * @param minNewTokens how many tokens are added before a stop id may end a text
 * @param sampling how tokens are chosen
 * @param seed gives the same draws again
 * @param stopIds the tokens that end a text; they are not part of it
 * @param scores which scores of tokens are kept
 */
public record GenerationOptions(
        int maxNewTokens,
        int minNewTokens,
        Sampling sampling,
        long seed,
        Set<Integer> stopIds,
        Scores scores) {
    /** Copies the set and checks the numbers. */
    public GenerationOptions {
        stopIds = Set.copyOf(stopIds);
        check("maxNewTokens", maxNewTokens);
        check("minNewTokens", minNewTokens);
    }

    private static void check(String name, int tokens) {
        if (tokens < 0) {
            throw ModelMessage.GENERATION_OPTION.error(name, tokens, "0 or positive");
        }
    }

    /**
     * Returns options that take the likeliest token and stop at none.
     *
     * @param maxNewTokens the most tokens to add
     */
    public static GenerationOptions greedy(int maxNewTokens) {
        return new GenerationOptions(maxNewTokens, 0, Sampling.GREEDY, 0, Set.of(), Scores.NONE);
    }

    /**
     * Returns these options with tokens drawn at random.
     *
     * @param temperature what logits are divided by
     * @param newSeed gives the same draws again
     */
    public GenerationOptions withTemperature(double temperature, long newSeed) {
        return withSampling(sampling.withTemperature(temperature)).withSeed(newSeed);
    }

    /**
     * Returns these options with tokens chosen in another way.
     *
     * @param newSampling how
     */
    public GenerationOptions withSampling(Sampling newSampling) {
        return new GenerationOptions(
                maxNewTokens, minNewTokens, newSampling, seed, stopIds, scores);
    }

    /**
     * Returns these options with other draws.
     *
     * @param newSeed gives the same draws again
     */
    public GenerationOptions withSeed(long newSeed) {
        return new GenerationOptions(
                maxNewTokens, minNewTokens, sampling, newSeed, stopIds, scores);
    }

    /**
     * Returns these options with other stop ids.
     *
     * @param ids for example {@link SpecialTokens#stops}
     */
    public GenerationOptions withStopIds(Collection<Integer> ids) {
        return new GenerationOptions(
                maxNewTokens, minNewTokens, sampling, seed, Set.copyOf(ids), scores);
    }

    /**
     * Returns these options with a least length of what is added.
     *
     * @param tokens how many tokens are added before a stop id may end a text
     */
    public GenerationOptions withMinNewTokens(int tokens) {
        return new GenerationOptions(maxNewTokens, tokens, sampling, seed, stopIds, scores);
    }

    /**
     * Returns these options with scores of tokens.
     *
     * @param newScores which are kept
     */
    public GenerationOptions withScores(Scores newScores) {
        return new GenerationOptions(
                maxNewTokens, minNewTokens, sampling, seed, stopIds, newScores);
    }
}
