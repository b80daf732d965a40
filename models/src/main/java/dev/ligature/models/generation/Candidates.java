package dev.ligature.models.generation;

import java.util.Arrays;
import java.util.PriorityQueue;

/**
 * The tokens that may be drawn, ascending by id, with weights: what the softmax makes of the logits
 * at a temperature, without its divisor. The likeliest has the weight 1.
 */
final class Candidates {
    private final int[] ids;
    private final double[] weights;
    private int count;

    private Candidates(int size) {
        ids = new int[size];
        weights = new double[size];
    }

    /**
     * Returns the tokens with a weight of at least some number.
     *
     * @param top the largest logit, which is finite
     */
    static Candidates of(float[] logits, float top, double temperature, double least) {
        Candidates candidates = new Candidates(logits.length);
        for (int id = 0; id < logits.length; id++) {
            double weight = weight(logits[id], top, temperature);
            if (weight >= least) {
                candidates.add(id, weight);
            }
        }
        return candidates;
    }

    static double weight(float logit, float top, double temperature) {
        return Math.exp(((double) logit - top) / temperature);
    }

    private void add(int id, double weight) {
        ids[count] = id;
        weights[count++] = weight;
    }

    /** Keeps the k likeliest, and those that are as likely as the last of them. */
    void topK(int k) {
        if (k == 0 || k >= count) {
            return;
        }
        PriorityQueue<Double> largest = new PriorityQueue<>(k);
        for (int i = 0; i < count; i++) {
            if (largest.size() < k) {
                largest.add(weights[i]);
            } else if (weights[i] > largest.element()) {
                largest.remove();
                largest.add(weights[i]);
            }
        }
        keep(largest.element(), count);
    }

    /**
     * Keeps the likeliest until their probabilities sum to p. Of tokens that are as likely as each
     * other, those with the larger ids come first, as where an ascending sort is cut from below.
     */
    void topP(double p) {
        if (p >= 1) {
            return;
        }
        double sum = sum();
        // All tokens of at most this weight sum to no more than 1 - p: they need no sorting.
        double floor = (1 - p) * sum / count;
        double[] sorted = Arrays.stream(weights, 0, count).filter(w -> w > floor).toArray();
        if (sorted.length == 0) { // all are as likely as each other, and p is tiny
            sorted = new double[] {1};
        }
        Arrays.sort(sorted);
        int at = sorted.length;
        double above = 0;
        do {
            above += sorted[--at];
        } while (at > 0 && above < p * sum);
        double last = sorted[at];
        keep(last, (int) Arrays.stream(sorted, at, sorted.length).filter(w -> w == last).count());
    }

    /**
     * Keeps what has a larger weight, and of those with just this one some with the largest ids.
     */
    private void keep(double least, int ofThose) {
        int skip = -ofThose;
        for (int i = 0; i < count; i++) {
            skip += weights[i] == least ? 1 : 0;
        }
        int all = count;
        count = 0;
        for (int i = 0; i < all; i++) {
            boolean tie = weights[i] == least;
            if (weights[i] > least || (tie && skip <= 0)) {
                add(ids[i], weights[i]);
            }
            skip -= tie ? 1 : 0;
        }
    }

    private double sum() {
        double sum = 0;
        for (int i = 0; i < count; i++) {
            sum += weights[i];
        }
        return sum;
    }

    /** Returns the token at a part of the sum of all weights. */
    int at(double part) {
        double left = part * sum();
        double passed = 0;
        for (int i = 0; i < count - 1; i++) {
            passed += weights[i];
            if (passed > left) {
                return ids[i];
            }
        }
        return ids[count - 1];
    }

    /** Returns the probability of each token of a vocabulary. */
    double[] probabilities(int vocabulary) {
        double[] probabilities = new double[vocabulary];
        double sum = sum();
        for (int i = 0; i < count; i++) {
            probabilities[ids[i]] = weights[i] / sum;
        }
        return probabilities;
    }
}
