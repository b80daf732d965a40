package dev.ligature.internal.effect;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.ligature.internal.adapter.Values;
import java.util.List;

/** A pair or token rows on a copy that stands for the base. */
record LayeredEffect(ReplacementEffect below, WeightEffect above) implements WeightEffect {
    @Override
    public NDArray apply(NDArray w, NDArray base, Values values, NDManager owner) {
        NDArray copy = below.apply(w, base, values, owner);
        return above.apply(copy, copy, values, owner);
    }

    @Override
    public List<WeightEffect> layers() {
        return List.of(below, above);
    }

    @Override
    public boolean replaces() {
        return true;
    }

    @Override
    public String kind() {
        return above.kind() + " on " + below.kind();
    }

    @Override
    public String name() {
        return above.name();
    }
}
