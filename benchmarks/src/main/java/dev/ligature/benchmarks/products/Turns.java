package dev.ligature.benchmarks.products;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** Ways to compute something, which take turns in each round. */
final class Turns {
    private final int rounds;
    private final int warmUp;
    private final Map<String, Runnable> ways = new LinkedHashMap<>();

    Turns(int rounds, int warmUp) {
        this.rounds = rounds;
        this.warmUp = warmUp;
    }

    /** Adds a way; what it makes it frees. */
    void add(String name, Runnable way) {
        ways.put(name, way);
    }

    /** Returns the median time of each way, in nanoseconds. */
    Map<String, Double> measure() {
        Map<String, double[]> nanos = new LinkedHashMap<>();
        ways.keySet().forEach(name -> nanos.put(name, new double[rounds]));
        for (int round = -warmUp; round < rounds; round++) {
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
                    medians.put(name, times[rounds / 2]);
                });
        return medians;
    }

    /**
     * Prints one line: the time of the way named base, and what part of it each other one takes.
     */
    static void print(String shape, Map<String, Double> nanos) {
        double base = nanos.getOrDefault("base", 1.0);
        StringBuilder line = new StringBuilder(shape);
        line.append(String.format(Locale.ROOT, ": base %.0f us", base / 1000));
        nanos.forEach(
                (name, time) -> {
                    if (!name.equals("base")) {
                        line.append(String.format(Locale.ROOT, ", %s %.3f", name, time / base));
                    }
                });
        System.out.println(line);
    }

    static NDArray random(NDManager manager, long... shape) {
        return manager.randomUniform(-0.01f, 0.01f, new Shape(shape));
    }
}
