package dev.ligature.models.generation;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** What changes the logits of one text before a token is chosen by them. */
final class LogitRules {
    private final GenerationOptions options;
    private final Sampling sampling;
    private final Map<Integer, Integer> made = new HashMap<>(); // how often, for penalties
    private final Set<Integer> seen = new HashSet<>(); // made or of the prompt, for penalties
    private int count;

    /**
     * Creates the rules of a text.
     *
     * @param seen the tokens that count as seen from the start
     */
    LogitRules(GenerationOptions options, long[] seen) {
        this.options = options;
        this.sampling = options.sampling();
        if (sampling.repetitionPenalty() != 1) {
            for (long id : seen) {
                this.seen.add((int) id);
            }
        }
    }

    /** Returns whether the logits of the next token stay as they are. */
    boolean changeNothing() {
        return sampling.logitBias().isEmpty() && !sampling.hasPenalties() && mayEnd();
    }

    private boolean mayEnd() {
        return count >= options.minNewTokens() || options.stopIds().isEmpty();
    }

    /** Changes the logits of a vocabulary. */
    void apply(float[] logits) {
        if (!mayEnd()) {
            for (int id : options.stopIds()) {
                if (id < logits.length) {
                    logits[id] = Float.NEGATIVE_INFINITY;
                }
            }
        }
        sampling.logitBias().forEach((id, bias) -> logits[id] += bias.floatValue());
        double repetition = sampling.repetitionPenalty();
        if (repetition != 1) {
            for (int id : seen) {
                double logit = logits[id];
                logits[id] = (float) (logit > 0 ? logit / repetition : logit * repetition);
            }
        }
        made.forEach(
                (id, times) ->
                        logits[id] -=
                                (float)
                                        (sampling.frequencyPenalty() * times
                                                + sampling.presencePenalty()));
    }

    /** Counts a token that was made. */
    void took(int id) {
        count++;
        if (sampling.hasPenalties()) {
            made.merge(id, 1, Integer::sum);
            seen.add(id);
        }
    }
}
