package dev.ligature.internal.adapter;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.training.ParameterStore;
import org.jspecify.annotations.Nullable;

/**
 * Where the arrays of an adapter come from in a pass: without a graph for serving, or from the
 * trainer's store; and the factor by which the routing multiplies the adapter's scaling.
 */
public final class Values {
    /** The arrays without a graph, for computing in any thread. */
    public static final Values SERVED = new Values(null, 1);

    private final @Nullable ParameterStore trainer;
    private final double factor;

    private Values(@Nullable ParameterStore trainer, double factor) {
        this.trainer = trainer;
        this.factor = factor;
    }

    /** Returns the arrays with a graph, as the trainer's store has them. */
    public static Values trained(ParameterStore store) {
        return new Values(store, 1);
    }

    /** Returns the same arrays, with the adapter's scaling multiplied by another factor. */
    public Values times(double by) {
        return by == 1 ? this : new Values(trainer, factor * by);
    }

    public boolean isTrained() {
        return trainer != null;
    }

    public double factor() {
        return factor;
    }

    /**
     * Returns the values of an array.
     *
     * @param owner the manager of what is not the adapter's own
     */
    public NDArray of(AdapterArray array, Device device, NDManager owner) {
        return trainer == null
                ? array.detached(owner)
                : trainer.getValue(array.parameter(), device, true);
    }
}
