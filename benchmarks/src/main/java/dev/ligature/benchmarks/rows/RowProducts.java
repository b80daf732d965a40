package dev.ligature.benchmarks.rows;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.core.Linear;
import java.util.Arrays;
import java.util.LinkedHashMap;
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
                print(shape, measure(shape, manager));
            }
        }
    }

    private static void print(long[] shape, Map<String, Double> nanos) {
        double base = nanos.getOrDefault("base", 1.0);
        StringBuilder line = new StringBuilder();
        line.append(
                String.format(
                        Locale.ROOT,
                        "B %d T %d in %d out %d: base %.0f us",
                        shape[0],
                        shape[1],
                        shape[2],
                        shape[3],
                        base / 1000));
        nanos.forEach(
                (name, time) -> {
                    if (!name.equals("base")) {
                        line.append(String.format(Locale.ROOT, ", %s %.3f", name, time / base));
                    }
                });
        System.out.println(line);
    }

    private static Map<String, Double> measure(long[] shape, NDManager manager) {
        long rows = shape[0];
        long in = shape[2];
        long out = shape[3];
        NDArray x = random(manager, rows, shape[1], in);
        NDArray w = random(manager, out, in);
        NDArray y = Linear.linear(x, w).singletonOrThrow(); // (B, T, out)
        Map<String, Runnable> ways = new LinkedHashMap<>();
        ways.put("base", () -> Linear.linear(x, w).close());
        for (int columns : COLUMNS) {
            NDArray a = random(manager, columns, in);
            NDArray b = random(manager, out, columns);
            NDArray mask = random(manager, rows, 1, columns);
            ways.put("masked R " + columns, () -> masked(x, a, mask, b, y));
        }
        for (int rank : RANKS) {
            NDArray a = random(manager, rows, rank, in).transpose(0, 2, 1);
            NDArray b = random(manager, rows, out, rank).transpose(0, 2, 1);
            ways.put("batched r " + rank, () -> batched(x, a, b, y));
        }
        Map<String, double[]> nanos = new LinkedHashMap<>();
        ways.keySet().forEach(name -> nanos.put(name, new double[ROUNDS]));
        for (int round = -WARM_UP; round < ROUNDS; round++) {
            for (Map.Entry<String, Runnable> way : ways.entrySet()) {
                long begin = System.nanoTime();
                way.getValue().run();
                double time = System.nanoTime() - begin;
                double[] times = nanos.get(way.getKey());
                if (round >= 0 && times != null) {
                    times[round] = time;
                }
            }
        }
        Map<String, Double> medians = new LinkedHashMap<>();
        nanos.forEach(
                (name, times) -> {
                    Arrays.sort(times);
                    medians.put(name, times[ROUNDS / 2]);
                });
        return medians;
    }

    private static NDArray random(NDManager manager, long... shape) {
        return manager.randomUniform(-0.01f, 0.01f, new Shape(shape));
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
