package dev.ligature.benchmarks.products;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.core.Linear;
import java.util.Locale;

/**
 * Times the output of a linear with one adapter, next to the linear alone: with a term for each
 * token, and with the sum of the weight and its update, made for the one pass. Prints the fraction
 * of the base's time that each takes, the median of rounds in which all take turns.
 */
public final class TermProducts {
    private static final int ROUNDS = 61;
    private static final int WARM_UP = 15;
    private static final int RANK = 8;
    private static final long[][] WEIGHTS = {
        {320, 64}, {320, 320}, {320, 800}, {800, 320}, {768, 768}, {768, 3072}, {3072, 768}
    };
    private static final int[] TOKENS = {256, 512, 1024, 2048};

    private TermProducts() {}

    /** Prints one line for each weight and number of tokens. */
    public static void main(String[] arguments) {
        for (long[] weight : WEIGHTS) {
            for (int tokens : TOKENS) {
                try (NDManager manager = NDManager.newBaseManager()) {
                    print(tokens, weight[0], weight[1], manager);
                }
            }
        }
    }

    private static void print(long tokens, long in, long out, NDManager manager) {
        NDArray x = Turns.random(manager, 1, tokens, in);
        NDArray w = Turns.random(manager, out, in);
        NDArray a = Turns.random(manager, RANK, in);
        NDArray b = Turns.random(manager, out, RANK);
        NDArray scaling = manager.create(2f);
        Turns turns = new Turns(ROUNDS, WARM_UP);
        turns.add("base", () -> Linear.linear(x, w).close());
        turns.add("term", () -> term(x, w, a, b, scaling));
        turns.add("sum", () -> sum(x, w, a, b, scaling));
        double operations = tokens * (in + out) / (double) (in * out);
        String shape =
                String.format(
                        Locale.ROOT,
                        "N %d in %d out %d r %d, N (in + out) = %.2f in out",
                        tokens,
                        in,
                        out,
                        RANK,
                        operations);
        Turns.print(shape, turns.measure());
    }

    private static void term(NDArray x, NDArray w, NDArray a, NDArray b, NDArray scaling) {
        NDArray y = Linear.linear(x, w).singletonOrThrow(); // (1, N, out)
        NDArray low = Linear.linear(x, a).singletonOrThrow().muli(scaling); // (1, N, r)
        NDArray term = Linear.linear(low, b).singletonOrThrow(); // (1, N, out)
        y.addi(term);
        new NDList(y, low, term).close();
    }

    private static void sum(NDArray x, NDArray w, NDArray a, NDArray b, NDArray scaling) {
        NDArray scaled = b.mul(scaling); // (out, r)
        NDArray delta = scaled.matMul(a); // (out, in)
        NDArray sum = delta.add(w); // (out, in)
        Linear.linear(x, sum).close();
        new NDList(scaled, delta, sum).close();
    }
}
