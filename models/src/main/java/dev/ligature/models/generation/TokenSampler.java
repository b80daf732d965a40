package dev.ligature.models.generation;

import java.util.Random;
import java.util.stream.IntStream;

/** Chooses the tokens of one text by their logits. */
final class TokenSampler {
    /** There is no token to choose: the numbers are not finite, or not all that it takes. */
    static final int NONE = -1;

    private static final int LARGEST_PREFIX = 1025;
    private static final int PREFIX = 257; // where nothing says how many can be drawn

    private final Sampling sampling;
    private final LogitRules rules;
    private final Random random;

    TokenSampler(GenerationOptions options, long[] seen) {
        this.sampling = options.sampling();
        this.rules = new LogitRules(options, seen);
        this.random = new Random(options.seed());
    }

    /** Returns whether the next token is the likeliest by the logits as they are. */
    boolean isGreedy() {
        return sampling.temperature() == 0 && rules.changeNothing();
    }

    /** Returns how many of the largest logits may be enough for the next token; 0 if all count. */
    int prefix() {
        if (sampling.temperature() == 0 || !rules.changeNothing()) {
            return 0;
        }
        int needed = sampling.topK() > 0 ? sampling.topK() + 1 : sampling.minP() > 0 ? PREFIX : 0;
        return needed <= LARGEST_PREFIX ? needed : 0;
    }

    /**
     * Returns a token by the largest logits, or {@link #NONE} if others may count.
     *
     * @param largest the largest logits, descending; as many as {@link #prefix} says
     * @param ids their tokens
     */
    int choose(float[] largest, long[] ids) {
        float top = largest[0];
        int last = largest.length - 1;
        double least = weight(largest[last], top);
        boolean cut = sampling.topK() > 0 && least < weight(largest[last - 1], top);
        if (!cut && least >= sampling.minP()) {
            return NONE;
        }
        int[] ascending =
                IntStream.range(0, cut ? last : last + 1)
                        .boxed()
                        .sorted((a, b) -> Long.compare(ids[a], ids[b]))
                        .mapToInt(Integer::intValue)
                        .toArray();
        float[] logits = new float[ascending.length];
        for (int i = 0; i < logits.length; i++) {
            logits[i] = largest[ascending[i]];
        }
        return (int) ids[ascending[draw(logits, top)]];
    }

    private double weight(float logit, float top) {
        return Candidates.weight(logit, top, sampling.temperature());
    }

    /**
     * Returns a token by all logits, which are changed; {@link #NONE} if the largest is not finite.
     */
    int choose(float[] logits) {
        rules.apply(logits);
        int best = likeliest(logits);
        return !Float.isFinite(logits[best])
                ? NONE
                : sampling.temperature() == 0 ? best : draw(logits, logits[best]);
    }

    private int draw(float[] logits, float top) {
        return candidates(logits, top).at(random.nextDouble());
    }

    private Candidates candidates(float[] logits, float top) {
        Candidates candidates = Candidates.of(logits, top, sampling.temperature(), sampling.minP());
        candidates.topK(sampling.topK());
        candidates.topP(sampling.topP());
        return candidates;
    }

    /** Returns the probability of each token, by all logits, which are changed. */
    double[] probabilities(float[] logits) {
        rules.apply(logits);
        return candidates(logits, logits[likeliest(logits)]).probabilities(logits.length);
    }

    /** Counts a token that was made. */
    void took(int id) {
        rules.took(id);
    }

    private static int likeliest(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            if (logits[i] > logits[best]) {
                best = i;
            }
        }
        return best;
    }
}
