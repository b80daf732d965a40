package dev.ligature.models.generation;

import dev.ligature.models.internal.ModelMessage;
import java.util.Map;

/**
 * How a token is chosen by the logits. They are changed and cut in this order: by {@code
 * logitBias}, the penalties (repetition, frequency, presence), the temperature, {@code minP},
 * {@code topK} and {@code topP}; the token is drawn from what is left, by the softmax of it. Each
 * has the formula of Transformers' or vLLM's option of that name.
 *
 * <pre>{@code
 * Sampling sampling = Sampling.builder().optTemperature(0.7).optTopP(0.9).build();
 * }</pre>
 *
 * @param temperature what logits are divided by; 0 takes the likeliest token
 * @param topP the sum that the probabilities of the likeliest tokens must reach; 1 for all tokens
 * @param topK how many of the likeliest tokens may be drawn, and those as likely as the last of
 *     them; 0 for all
 * @param minP the least probability, as a part of the largest; 0 for all
 * @param presencePenalty what is taken from the logit of each token that was made
 * @param frequencyPenalty the same, for each time that it was made
 * @param repetitionPenalty what positive logits of tokens of the prompt, or that were made, are
 *     divided by and negative ones multiplied with; 1 for no change
 * @param logitBias what is added to the logits of tokens, by their ids
 */
public record Sampling(
        double temperature,
        double topP,
        int topK,
        double minP,
        double presencePenalty,
        double frequencyPenalty,
        double repetitionPenalty,
        Map<Integer, Double> logitBias) {
    /** Takes the likeliest token. */
    public static final Sampling GREEDY = builder().build();

    /** Copies the map and checks the numbers. */
    public Sampling {
        logitBias = Map.copyOf(logitBias);
        check(
                temperature >= 0 && Double.isFinite(temperature),
                "temperature",
                temperature,
                "0 (greedy) or positive");
        check(topP > 0 && topP <= 1, "topP", topP, "greater than 0 and at most 1");
        check(topK >= 0, "topK", topK, "0 (all tokens) or positive");
        check(minP >= 0 && minP <= 1, "minP", minP, "from 0 to 1");
        check(
                Double.isFinite(presencePenalty),
                "presencePenalty",
                presencePenalty,
                "a finite number");
        check(
                Double.isFinite(frequencyPenalty),
                "frequencyPenalty",
                frequencyPenalty,
                "a finite number");
        check(
                repetitionPenalty > 0 && Double.isFinite(repetitionPenalty),
                "repetitionPenalty",
                repetitionPenalty,
                "positive");
        logitBias.forEach(
                (id, bias) ->
                        check(
                                id >= 0 && Double.isFinite(bias),
                                "logitBias",
                                id + "=" + bias,
                                "a finite number for a token id"));
    }

    private static void check(boolean holds, String name, Object value, String wanted) {
        if (!holds) {
            throw ModelMessage.GENERATION_OPTION.error(name, value, wanted);
        }
    }

    /** Returns a builder of what takes the likeliest token of the logits as they are. */
    public static Builder builder() {
        return new Builder();
    }

    /** Returns this at another temperature. */
    Sampling withTemperature(double other) {
        return new Sampling(
                other,
                topP,
                topK,
                minP,
                presencePenalty,
                frequencyPenalty,
                repetitionPenalty,
                logitBias);
    }

    /** Returns whether a penalty depends on the tokens so far. */
    boolean hasPenalties() {
        return presencePenalty != 0 || frequencyPenalty != 0 || repetitionPenalty != 1;
    }

    /** Builds a {@link Sampling}, whose components say what each value means. */
    public static final class Builder {
        private double temperature;
        private double topP = 1;
        private int topK;
        private double minP;
        private double presencePenalty;
        private double frequencyPenalty;
        private double repetitionPenalty = 1;
        private Map<Integer, Double> logitBias = Map.of();

        private Builder() {}

        /** Sets {@link Sampling#temperature}. */
        public Builder optTemperature(double value) {
            temperature = value;
            return this;
        }

        /** Sets {@link Sampling#topP}. */
        public Builder optTopP(double value) {
            topP = value;
            return this;
        }

        /** Sets {@link Sampling#topK}. */
        public Builder optTopK(int value) {
            topK = value;
            return this;
        }

        /** Sets {@link Sampling#minP}. */
        public Builder optMinP(double value) {
            minP = value;
            return this;
        }

        /** Sets {@link Sampling#presencePenalty}. */
        public Builder optPresencePenalty(double value) {
            presencePenalty = value;
            return this;
        }

        /** Sets {@link Sampling#frequencyPenalty}. */
        public Builder optFrequencyPenalty(double value) {
            frequencyPenalty = value;
            return this;
        }

        /** Sets {@link Sampling#repetitionPenalty}. */
        public Builder optRepetitionPenalty(double value) {
            repetitionPenalty = value;
            return this;
        }

        /** Sets {@link Sampling#logitBias}. */
        public Builder optLogitBias(Map<Integer, Double> value) {
            logitBias = value;
            return this;
        }

        /** Returns what was set. */
        public Sampling build() {
            return new Sampling(
                    temperature,
                    topP,
                    topK,
                    minP,
                    presencePenalty,
                    frequencyPenalty,
                    repetitionPenalty,
                    logitBias);
        }
    }
}
