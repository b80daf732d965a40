package dev.ligature.models.evaluation;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import dev.ligature.training.NextTokenLoss;
import java.util.function.BiConsumer;

/** The classes of the greatest logits next to those that are right. */
final class Classes {
    private Classes() {}

    /** Gives each label that counts, and the class of the greatest logit, to a consumer. */
    static void forEach(NDList labels, NDList outputs, BiConsumer<Long, Long> counted) {
        NDArray best = outputs.head().argMax(-1); // (…, C) -> (…)
        long[] found = best.toLongArray();
        long[] right = labels.head().toLongArray();
        for (int i = 0; i < right.length; i++) {
            if (right[i] != NextTokenLoss.IGNORED) {
                counted.accept(right[i], found[i]);
            }
        }
    }
}
