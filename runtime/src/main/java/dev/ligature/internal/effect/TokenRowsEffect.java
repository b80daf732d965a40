package dev.ligature.internal.effect;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.training.ParameterStore;
import dev.ligature.internal.adapter.TokenRows;

/**
 * A weight with rows of the adapter's own.
 *
 * @param rows the rows
 */
record TokenRowsEffect(TokenRows rows) implements WeightEffect {
    @Override
    public NDArray adapted(NDArray w, NDArray base, NDManager owner) {
        return rows.in(w, rows.values().detached(), owner);
    }

    @Override
    public NDArray trained(NDArray w, NDArray base, ParameterStore store, NDManager owner) {
        return rows.in(w, rows.values().trained(store, w.getDevice()), owner);
    }

    @Override
    public boolean replaces() {
        return true;
    }

    @Override
    public String kind() {
        return "rows of its own";
    }

    @Override
    public String name() {
        return rows.plan().name();
    }
}
