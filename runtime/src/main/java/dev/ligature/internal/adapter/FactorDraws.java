package dev.ligature.internal.adapter;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.SplittableRandom;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The random numbers of new factors: drawn in Java from a seed, so that the same seed gives the
 * same bits whatever else is drawn and in any thread, or by the engine's generator.
 */
public final class FactorDraws {
    private final @Nullable SplittableRandom random;

    private FactorDraws(@Nullable SplittableRandom random) {
        this.random = random;
    }

    /** Returns draws of the engine's generator, which all threads share. */
    public static FactorDraws ofEngine() {
        return new FactorDraws(null);
    }

    /** Returns draws that follow from a seed alone. For one thread. */
    public static FactorDraws seeded(long seed) {
        return new FactorDraws(new SplittableRandom(seed));
    }

    /** Returns draws of their own for a pair, whatever is drawn for the others. */
    FactorDraws split() {
        return random == null ? this : new FactorDraws(random.split());
    }

    /** Returns normal numbers around 0, in an array of the manager. */
    NDArray normal(double deviation, Shape shape, DataType type, NDManager manager) {
        return random == null
                ? manager.randomNormal(0, (float) deviation, shape, type)
                : filled(() -> deviation * normal(random), shape, type, manager);
    }

    /** Returns uniform numbers within ± a bound, in an array of the manager. */
    NDArray uniform(double bound, Shape shape, DataType type, NDManager manager) {
        return random == null
                ? manager.randomUniform((float) -bound, (float) bound, shape, type)
                : filled(() -> bound * (2 * random.nextDouble() - 1), shape, type, manager);
    }

    /** Box and Muller's transform; what {@code nextGaussian} computes may change with the JDK. */
    private static double normal(SplittableRandom random) {
        double radius = StrictMath.sqrt(-2 * StrictMath.log(1 - random.nextDouble()));
        return radius * StrictMath.cos(2 * StrictMath.PI * random.nextDouble());
    }

    private static NDArray filled(
            DoubleSupplier next, Shape shape, DataType type, NDManager manager) {
        double[] values = new double[Math.toIntExact(shape.size())];
        for (int i = 0; i < values.length; i++) {
            values[i] = next.getAsDouble();
        }
        return AdapterArray.own(AdapterArray.create(values, shape, type, manager), manager);
    }
}
