package dev.ligature.models.generation;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A token and how likely the model held it to be at its place, by the logits before any rule of
 * {@link Sampling} changes them.
 *
 * @param id the token
 * @param logprob the logarithm of its probability; NaN for the first token of a prompt
 * @param likeliest the likeliest tokens at its place with theirs, the likeliest first
 */
public record TokenScore(long id, double logprob, Map<Long, Double> likeliest) {
    /**
     * Returns the scores of tokens.
     *
     * @param ids a token for each place
     * @param logits {@code (T, V)}
     * @param likeliest how many of the likeliest to give
     */
    static List<TokenScore> of(long[] ids, NDArray logits, int likeliest) {
        NDArray all = logits.logSoftmax(-1); // (T, V)
        NDArray index = all.getManager().create(ids).expandDims(1); // (T, 1)
        float[] own = all.gather(index, 1).toFloatArray();
        int count = (int) Math.min(likeliest, logits.getShape().get(1));
        float[] numbers = new float[0];
        long[] others = new long[0];
        if (count > 0) {
            NDList largest = all.topK(count, 1, true, true);
            numbers = largest.get(0).toFloatArray();
            others = largest.get(1).toLongArray();
        }
        List<TokenScore> scores = new ArrayList<>();
        for (int i = 0; i < ids.length; i++) {
            Map<Long, Double> top = new LinkedHashMap<>();
            for (int j = i * count; j < (i + 1) * count; j++) {
                top.put(others[j], (double) numbers[j]);
            }
            scores.add(new TokenScore(ids[i], own[i], top));
        }
        return scores;
    }
}
