package dev.ligature.internal.adapter;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import java.util.HashMap;
import java.util.Map;

/**
 * The scalars that the pairs of one adapter multiply by: an array for each value, because one for
 * each pair would be a good part of what a small adapter takes besides its factors.
 *
 * <p>For one thread, while an adapter is made.
 */
public final class ScalarPool {
    private final NDManager manager;
    private final Map<Value, NDArray> arrays = new HashMap<>();

    /**
     * Creates a set of none.
     *
     * @param manager the owner of the arrays: that of the adapter
     */
    public ScalarPool(NDManager manager) {
        this.manager = manager;
    }

    private record Value(double value, DataType type) {}

    public NDManager manager() {
        return manager;
    }

    /** Returns the array of a value, a scalar; nobody may write to it. */
    NDArray of(double value, DataType type) {
        return arrays.computeIfAbsent(
                new Value(value, type), key -> AdapterArray.scalar(value, type, manager));
    }
}
