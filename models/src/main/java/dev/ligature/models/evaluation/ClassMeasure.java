package dev.ligature.models.evaluation;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import dev.ligature.training.NextTokenLoss;

/** Counts classes: which was right, and which has the greatest logit. */
abstract class ClassMeasure implements Measure {
    /** Counts a label that counts. */
    abstract void count(long right, long found);

    @Override
    public final void add(NDList labels, NDList outputs, long items) {
        NDArray best = outputs.head().argMax(-1); // (…, C) -> (…)
        long[] found = best.toLongArray();
        long[] right = labels.head().toLongArray();
        for (int i = 0; i < right.length; i++) {
            if (right[i] != NextTokenLoss.IGNORED) {
                count(right[i], found[i]);
            }
        }
    }
}
