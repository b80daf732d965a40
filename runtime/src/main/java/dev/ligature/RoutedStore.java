package dev.ligature;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterServer;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import java.util.IdentityHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The parameter store of one forward pass: it carries the adapter of the request to the slots, and
 * delegates to the caller's store.
 *
 * <p>Slots give their base block the caller's store. Whoever else asks this one for an adapted
 * weight, such as a head written as a matrix product, gets W + ΔW.
 */
final class RoutedStore extends ParameterStore {
    private final ParameterStore raw;
    private final NDManager manager;
    private final Binding binding;
    private final boolean @Nullable [] reached;
    private @Nullable IdentityHashMap<Parameter, NDArray> views;

    RoutedStore(ParameterStore raw, NDManager manager, Binding binding) {
        // The manager of the request, and not the caller's, which may live for ever.
        super(manager, false);
        this.raw = raw;
        this.manager = manager;
        this.binding = binding;
        this.reached = binding.wasReached() ? null : new boolean[binding.slots().all().size()];
    }

    boolean isOf(Slots slots) {
        return binding.slots() == slots;
    }

    ParameterStore raw() {
        return raw;
    }

    /** Returns the output of a slot, as the adapter has it. */
    NDList forward(
            Slot slot, NDList inputs, boolean training, @Nullable PairList<String, Object> params) {
        SlotEffect effect = binding.at(slot);
        if (effect == null) {
            // The base gets the caller's own store: through this one it would read W + ΔW.
            return slot.base().forward(raw, inputs, training, params);
        }
        if (reached != null) {
            reached[slot.index()] = true;
        }
        return effect.forward(raw, inputs, training, params, graph(training));
    }

    private boolean graph(boolean training) {
        return training && binding.adapter().isTrainable();
    }

    @Override
    public NDArray getValue(Parameter parameter, Device device, boolean training) {
        if (parameter == null || !binding.touches(parameter)) {
            return raw.getValue(parameter, device, training);
        }
        if (views == null) {
            views = new IdentityHashMap<>();
        }
        return views.computeIfAbsent(parameter, weight -> view(weight, device, training));
    }

    private NDArray view(Parameter weight, Device device, boolean training) {
        WeightEffect effect =
                binding.onlyEffectOn(
                        weight, "A block reads that weight without going through its field.");
        if (reached != null) {
            for (Slot reader : binding.slots().readersOf(weight)) {
                reached[reader.index()] = true;
            }
        }
        NDArray w = raw.getValue(weight, device, training);
        return graph(training)
                ? effect.trained(w, raw, device, manager)
                : effect.adapted(w, manager);
    }

    void checkReached() {
        if (reached != null) {
            binding.checkReached(reached);
        }
    }

    @Override
    public NDManager getManager() {
        return manager;
    }

    @Override
    public void setParameterServer(ParameterServer parameterServer, Device[] devices) {
        raw.setParameterServer(parameterServer, devices);
    }

    @Override
    public void updateAllParameters() {
        raw.updateAllParameters();
    }

    @Override
    public void sync() {
        raw.sync();
    }
}
