package dev.ligature.internal.effect;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.ligature.internal.adapter.AdapterArray;
import dev.ligature.internal.adapter.ReplacedParameter;
import dev.ligature.internal.adapter.Values;

/** A parameter that the adapter replaces by a whole copy of its own. */
record ReplacementEffect(ReplacedParameter copy) implements WeightEffect {
    @Override
    public NDArray apply(NDArray w, NDArray base, Values values, NDManager owner) {
        return AdapterArray.in(
                w.getDataType(), values.of(copy.values(), w.getDevice(), owner), owner);
    }

    @Override
    public NDArray merged(NDArray w, NDArray base, double factor, NDManager owner) {
        return AdapterArray.copy(copy.values().detached(owner), w.getDataType(), owner);
    }

    @Override
    public boolean replaces() {
        return true;
    }

    @Override
    public String kind() {
        return switch (copy.plan().reason()) {
            case SAVED_MODULE -> "a copy of its own";
            case BIAS -> "a bias of its own";
            case FILE -> "a base of its own";
        };
    }

    @Override
    public String name() {
        return copy.plan().name();
    }
}
