package dev.ligature.models.generation;

import dev.ligature.models.SpecialTokens;
import dev.ligature.models.internal.ModelMessage;
import java.util.Collection;
import java.util.Set;

/**
 * How text is continued.
 *
 * @param maxNewTokens the most tokens to add to each prompt
 * @param temperature what logits are divided by before a token is drawn; 0 takes the likeliest
 * @param seed gives the same draws again
 * @param stopIds the tokens that end a text; they are not part of it
 */
public record GenerationOptions(
        int maxNewTokens, double temperature, long seed, Set<Integer> stopIds) {
    /** Copies the set and checks the numbers. */
    public GenerationOptions {
        stopIds = Set.copyOf(stopIds);
        if (maxNewTokens < 0) {
            throw ModelMessage.MAX_NEW_TOKENS.error(maxNewTokens);
        }
        if (!(temperature >= 0 && temperature < Double.POSITIVE_INFINITY)) {
            throw ModelMessage.TEMPERATURE.error(temperature);
        }
    }

    /**
     * Returns options that take the likeliest token and stop at none.
     *
     * @param maxNewTokens the most tokens to add
     */
    public static GenerationOptions greedy(int maxNewTokens) {
        return new GenerationOptions(maxNewTokens, 0, 0, Set.of());
    }

    /**
     * Returns these options with tokens drawn at random.
     *
     * @param newTemperature what logits are divided by
     * @param newSeed gives the same draws again
     */
    public GenerationOptions withTemperature(double newTemperature, long newSeed) {
        return new GenerationOptions(maxNewTokens, newTemperature, newSeed, stopIds);
    }

    /**
     * Returns these options with other draws.
     *
     * @param newSeed gives the same draws again
     */
    public GenerationOptions withSeed(long newSeed) {
        return new GenerationOptions(maxNewTokens, temperature, newSeed, stopIds);
    }

    /**
     * Returns these options with other stop ids.
     *
     * @param ids for example {@link SpecialTokens#stops}
     */
    public GenerationOptions withStopIds(Collection<Integer> ids) {
        return new GenerationOptions(maxNewTokens, temperature, seed, Set.copyOf(ids));
    }
}
