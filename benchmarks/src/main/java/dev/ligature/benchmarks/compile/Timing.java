package dev.ligature.benchmarks.compile;

import java.util.Arrays;
import java.util.List;
import java.util.function.ToLongFunction;

/**
 * Two compilations of the same classes, one right after the other.
 *
 * @param without nanoseconds without a processor
 * @param with nanoseconds with it
 */
record Timing(long without, long with) {
    /** Returns the nanoseconds that the processor added. */
    long added() {
        return with - without;
    }

    /** Returns the median of a figure over rounds. */
    static double median(List<Timing> rounds, ToLongFunction<Timing> figure) {
        long[] sorted = rounds.stream().mapToLong(figure).sorted().toArray();
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1
                ? sorted[middle]
                : Arrays.stream(sorted, middle - 1, middle + 1).average().orElseThrow();
    }
}
