package dev.ligature.internal.combine;

import dev.ligature.Combination;
import dev.ligature.Combination.Kind;
import dev.ligature.Combination.MajoritySign;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Combines the same array of several adapters into one, element by element, as PEFT's {@code
 * merge_utils} does. One of these serves all arrays of a combination, in a fixed order: the random
 * numbers go on.
 */
final class TaskArithmetic {
    private final Combination combination;
    private final SplittableRandom random;

    TaskArithmetic(Combination combination) {
        this.combination = combination;
        this.random = new SplittableRandom(combination.seed());
    }

    /**
     * Returns the combination of arrays of one size, which are overwritten.
     *
     * @param arrays one for each adapter
     * @param weights by which each is multiplied, after the pruning and the election of signs
     */
    double[] combine(List<double[]> arrays, double[] weights) {
        for (double[] array : arrays) {
            prune(array);
        }
        return combination.kind() == Kind.TIES || combination.kind() == Kind.DARE_TIES
                ? meanOfAgreeing(arrays, weights)
                : sum(arrays, weights);
    }

    private void prune(double[] array) {
        if (combination.density() == 1) {
            return;
        }
        switch (combination.kind()) {
            case TIES, MAGNITUDE_PRUNE -> keepLargest(array, combination.density());
            case DARE_LINEAR, DARE_TIES -> keepRandom(array, combination.density());
            case LINEAR, CAT -> {}
        }
    }

    private static void keepLargest(double[] array, double density) {
        int kept = (int) (density * array.length);
        double[] sizes = new double[array.length];
        for (int i = 0; i < array.length; i++) {
            sizes[i] = Math.abs(array[i]);
        }
        Arrays.sort(sizes);
        double least = kept == 0 ? Double.POSITIVE_INFINITY : sizes[array.length - kept];
        int larger = 0;
        for (double size : sizes) {
            larger += size > least ? 1 : 0;
        }
        int equal = kept - larger; // of several that are as large as the least, the first ones
        for (int i = 0; i < array.length; i++) {
            double size = Math.abs(array[i]);
            if (size < least || (size == least && equal-- <= 0)) {
                array[i] = 0;
            }
        }
    }

    private void keepRandom(double[] array, double density) {
        for (int i = 0; i < array.length; i++) {
            array[i] = random.nextDouble() < density ? array[i] / density : 0;
        }
    }

    private static double[] sum(List<double[]> arrays, double[] weights) {
        double[] sum = new double[arrays.get(0).length];
        for (int a = 0; a < weights.length; a++) {
            double[] array = arrays.get(a);
            for (int i = 0; i < sum.length; i++) {
                sum[i] += weights[a] * array[i];
            }
        }
        return sum;
    }

    /** The weights count for the values and not for the election, as in PEFT. */
    private double[] meanOfAgreeing(List<double[]> arrays, double[] weights) {
        double[] mean = new double[arrays.get(0).length];
        for (int i = 0; i < mean.length; i++) {
            double vote = 0;
            for (double[] array : arrays) {
                boolean total = combination.sign() == MajoritySign.TOTAL;
                vote += total ? array[i] : Math.signum(array[i]);
            }
            double elected = vote >= 0 ? 1 : -1;
            int agreeing = 0;
            for (int a = 0; a < weights.length; a++) {
                double value = arrays.get(a)[i];
                if (Math.signum(value) == elected) {
                    mean[i] += weights[a] * value;
                    agreeing++;
                }
            }
            mean[i] /= Math.max(1, agreeing);
        }
        return mean;
    }
}
