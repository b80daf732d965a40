package dev.ligature.models.generation;

import java.util.Random;

/** Chooses a token by its logits: the likeliest, or one drawn with the softmax of them. */
final class TokenSampler {
    private final double temperature;
    private final Random random;

    TokenSampler(double temperature, long seed) {
        this.temperature = temperature;
        this.random = new Random(seed);
    }

    /**
     * Returns a token.
     *
     * @param logits of all tokens of all rows
     * @param from where the row begins
     * @param count the number of tokens
     */
    int choose(float[] logits, int from, int count) {
        int best = likeliest(logits, from, count);
        if (temperature == 0) {
            return best;
        }
        double top = logits[from + best];
        double sum = 0;
        double[] sums = new double[count];
        for (int i = 0; i < count; i++) {
            sum += Math.exp((logits[from + i] - top) / temperature);
            sums[i] = sum;
        }
        double draw = random.nextDouble() * sum;
        int chosen = 0;
        while (chosen < count - 1 && sums[chosen] <= draw) {
            chosen++;
        }
        return chosen;
    }

    private static int likeliest(float[] logits, int from, int count) {
        int best = 0;
        for (int i = 1; i < count; i++) {
            if (logits[from + i] > logits[from + best]) {
                best = i;
            }
        }
        return best;
    }
}
