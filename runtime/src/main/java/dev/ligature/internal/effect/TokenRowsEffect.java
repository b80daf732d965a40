package dev.ligature.internal.effect;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.ligature.internal.adapter.TokenRows;
import dev.ligature.internal.adapter.Values;

/** A weight some of whose rows the adapter replaces by its own. */
record TokenRowsEffect(TokenRows rows) implements WeightEffect {
    @Override
    public NDArray apply(NDArray w, NDArray base, Values values, NDManager owner) {
        return rows.in(w, values.of(rows.values(), w.getDevice(), owner), owner);
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
