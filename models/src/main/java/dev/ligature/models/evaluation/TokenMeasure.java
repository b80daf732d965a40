package dev.ligature.models.evaluation;

import java.util.LinkedHashMap;
import java.util.Map;

/** Of tokens that are foretold: perplexity, and the part of them that the model puts first. */
public final class TokenMeasure extends ClassMeasure {
    private long tokens;
    private long hits;

    @Override
    void count(long right, long found) {
        tokens++;
        hits += right == found ? 1 : 0;
    }

    @Override
    public Map<String, Double> numbers(double loss) {
        Map<String, Double> numbers = new LinkedHashMap<>();
        numbers.put("perplexity", Math.exp(loss));
        numbers.put("token_accuracy", (double) hits / tokens);
        return numbers;
    }
}
