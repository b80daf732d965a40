package dev.ligature.internal.effect;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import dev.ligature.internal.slot.ForwardingParameterStore;
import java.util.IdentityHashMap;

/** Gives a base block the adapter's copies in place of its own parameters. */
final class SubstitutingParameterStore extends ForwardingParameterStore {
    private final ParameterStore raw;
    private final NDManager manager;
    private final IdentityHashMap<Parameter, WeightEffect> replaced;
    private final boolean graph;

    /**
     * Creates a store over the caller's.
     *
     * @param raw the caller's store
     * @param manager the manager of the request
     * @param replaced what is done to which parameter
     * @param graph whether the adapter is trained, so that its arrays come from the store
     */
    SubstitutingParameterStore(
            ParameterStore raw,
            NDManager manager,
            IdentityHashMap<Parameter, WeightEffect> replaced,
            boolean graph) {
        super(raw, manager);
        this.raw = raw;
        this.manager = manager;
        this.replaced = replaced;
        this.graph = graph;
    }

    @Override
    public NDArray getValue(Parameter parameter, Device device, boolean training) {
        NDArray w = raw.getValue(parameter, device, training);
        WeightEffect effect = replaced.get(parameter);
        if (effect == null) {
            return w;
        }
        return graph ? effect.trained(w, w, raw, manager) : effect.adapted(w, w, manager);
    }
}
