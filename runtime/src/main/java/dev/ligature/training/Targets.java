package dev.ligature.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import org.jspecify.annotations.Nullable;

/**
 * The tokens that a batch's logits are to predict, N = B · (T − 1) of them.
 *
 * @param classes the tokens, (N, 1) int64, any token where one does not count
 * @param counted 1 where a token counts and 0 where not, (N, 1) float32; null where all count
 * @param count how many count
 */
record Targets(NDArray classes, @Nullable NDArray counted, long count) {
    /** {@code NextTokenLoss.IGNORED}. */
    static final long IGNORED = -100;

    /**
     * Takes every label but the first of each row.
     *
     * @param labels (B, T) int64
     * @param mayIgnore whether labels may be {@link #IGNORED}; looking costs a wait for the device
     * @param scope the manager of the results
     */
    static Targets of(NDArray labels, boolean mayIgnore, NDManager scope) {
        NDArray shifted = labels.get(scope, new NDIndex(":, 1:")).reshape(-1, 1); // (N, 1)
        NDArray classes = copy(shifted, scope); // (N, 1)
        if (!mayIgnore) {
            return new Targets(classes, null, classes.size());
        }
        NDArray ignored = scope.full(new Shape(), (float) IGNORED, DataType.INT64);
        NDArray counted = classes.neq(ignored); // (N, 1)
        long count = counted.toType(DataType.INT64, false).sum().getLong();
        if (count == classes.size()) {
            return new Targets(classes, null, count);
        }
        NDArray some = classes.mul(counted.toType(DataType.INT64, false)); // class 0 where ignored
        return new Targets(some, counted.toType(DataType.FLOAT32, false), count);
    }

    /**
     * Returns a copy of ids as int64, on the scope's device. Autograd keeps ids until backward, and
     * the caller's may lie in a buffer that it frees; {@code toType(type, true)} copies only where
     * the type changes.
     */
    static NDArray copy(NDArray ids, NDManager scope) {
        return ids.toType(DataType.INT64, false).toDevice(scope.getDevice(), false).duplicate();
    }
}
