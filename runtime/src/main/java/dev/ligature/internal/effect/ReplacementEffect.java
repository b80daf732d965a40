package dev.ligature.internal.effect;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.training.ParameterStore;
import dev.ligature.internal.adapter.AdapterArray;
import dev.ligature.internal.adapter.ReplacedParameter;
import dev.ligature.plan.ReplacementPlan;

/**
 * A parameter that the adapter has a whole copy of, used in its place.
 *
 * @param copy the copy
 */
record ReplacementEffect(ReplacedParameter copy) implements WeightEffect {
    @Override
    public NDArray adapted(NDArray w, NDArray base, NDManager owner) {
        return AdapterArray.in(w.getDataType(), copy.values().detached(), owner);
    }

    @Override
    public NDArray trained(NDArray w, NDArray base, ParameterStore store, NDManager owner) {
        return AdapterArray.in(w.getDataType(), copy.values().trained(store, w.getDevice()), owner);
    }

    @Override
    public NDArray merged(NDArray w, NDArray base, NDManager owner) {
        return AdapterArray.copy(copy.values().detached(), w.getDataType(), owner);
    }

    @Override
    public boolean replaces() {
        return true;
    }

    @Override
    public String kind() {
        return copy.plan().reason() == ReplacementPlan.Reason.BIAS
                ? "a bias of its own"
                : "a copy of its own";
    }

    @Override
    public String name() {
        return copy.plan().name();
    }
}
