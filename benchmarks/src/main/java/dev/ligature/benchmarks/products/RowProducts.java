package dev.ligature.benchmarks.products;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.core.Linear;
import java.util.Locale;
import java.util.Map;

/**
 * Times the term of a batch whose rows go through adapters of their own, next to the product of the
 * base, (B, T, in) x (in, out): two plain products with the factors of all adapters side by side
 * and a mask in between, of R columns, and a batched product of r columns for each row. Prints the
 * fraction of the base's time that each adds, the median of rounds in which all take turns.
 */
public final class RowProducts {
    private static final int ROUNDS = 200;
    private static final int WARM_UP = 40;
    private static final long[][] SHAPES = {
        {32, 16, 768, 768}, {32, 16, 768, 3072}, {32, 1, 768, 768}, {8, 64, 768, 768}
    };
    private static final int[] COLUMNS = {8, 16, 32, 64, 128};
    private static final int[] RANKS = {4, 8, 16, 32};

    private RowProducts() {}

    /** Prints one line for each shape. */
    public static void main(String[] arguments) {
        for (long[] shape : SHAPES) {
            try (NDManager manager = NDManager.newBaseManager()) {
                String name =
                        String.format(
                                Locale.ROOT,
                                "B %d T %d in %d out %d",
                                shape[0],
                                shape[1],
                                shape[2],
                                shape[3]);
                Turns.print(name, measure(shape, manager));
            }
        }
    }

    private static Map<String, Double> measure(long[] shape, NDManager manager) {
        long rows = shape[0];
        long in = shape[2];
        long out = shape[3];
        NDArray x = Turns.random(manager, rows, shape[1], in);
        NDArray w = Turns.random(manager, out, in);
        NDArray y = Linear.linear(x, w).singletonOrThrow(); // (B, T, out)
        Turns ways = new Turns(ROUNDS, WARM_UP);
        ways.add("base", () -> Linear.linear(x, w).close());
        for (int columns : COLUMNS) {
            NDArray a = Turns.random(manager, columns, in);
            NDArray b = Turns.random(manager, out, columns);
            NDArray mask = Turns.random(manager, rows, 1, columns);
            ways.add("masked R " + columns, () -> masked(x, a, mask, b, y));
        }
        for (int rank : RANKS) {
            NDArray a = Turns.random(manager, rows, rank, in).transpose(0, 2, 1);
            NDArray b = Turns.random(manager, rows, out, rank).transpose(0, 2, 1);
            ways.add("batched r " + rank, () -> batched(x, a, b, y));
        }
        return ways.measure();
    }

    private static void masked(NDArray x, NDArray a, NDArray mask, NDArray b, NDArray y) {
        NDArray low = Linear.linear(x, a).singletonOrThrow().muli(mask); // (B, T, R)
        NDArray term = Linear.linear(low, b).singletonOrThrow(); // (B, T, out)
        y.addi(term);
        new NDList(low, term).close();
    }

    private static void batched(NDArray x, NDArray a, NDArray b, NDArray y) {
        NDArray low = x.matMul(a); // (B, T, in) x (B, in, r) -> (B, T, r)
        NDArray term = low.matMul(b); // (B, T, r) x (B, r, out) -> (B, T, out)
        y.addi(term);
        new NDList(low, term).close();
    }
}
