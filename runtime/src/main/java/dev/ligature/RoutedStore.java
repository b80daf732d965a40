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
    private final Route route;
    private final boolean @Nullable [] reached;
    private @Nullable IdentityHashMap<Parameter, NDArray> views;
    private @Nullable IdentityHashMap<long[], NDArray> indices;
    private @Nullable RowStacks stacks;

    RoutedStore(ParameterStore raw, NDManager manager, Route route) {
        // The manager of the request, and not the caller's, which may live for ever.
        super(manager, false);
        this.raw = raw;
        this.manager = manager;
        this.route = route;
        this.reached = route.wasReached() ? null : new boolean[route.slots().all().size()];
    }

    boolean isOf(Slots slots) {
        return route.slots() == slots;
    }

    ParameterStore raw() {
        return raw;
    }

    /** Returns the output of a slot, as the adapters have it. */
    NDList forward(
            Slot slot, NDList inputs, boolean training, @Nullable PairList<String, Object> params) {
        if (reached != null) {
            reached[slot.index()] = true;
        }
        return route.forward(slot, new SlotCall(raw, inputs, training, params), this);
    }

    @Override
    public NDArray getValue(Parameter parameter, Device device, boolean training) {
        if (parameter == null || !route.touches(parameter)) {
            return raw.getValue(parameter, device, training);
        }
        if (views == null) {
            views = new IdentityHashMap<>();
        }
        return views.computeIfAbsent(parameter, weight -> view(weight, device, training));
    }

    private NDArray view(Parameter weight, Device device, boolean training) {
        if (reached != null) {
            for (Slot reader : route.slots().readersOf(weight)) {
                reached[reader.index()] = true;
            }
        }
        return route.view(weight, raw.getValue(weight, device, training), training, this);
    }

    /**
     * Returns indices of rows as an array, once for the pass.
     *
     * @param rows the indices; kept by identity
     */
    NDArray index(long[] rows) {
        if (indices == null) {
            indices = new IdentityHashMap<>();
        }
        return indices.computeIfAbsent(rows, manager::create); // (rows)
    }

    /** Returns the stacked factors of a route for the pass; null where there can be none. */
    @Nullable RowStacks stacks(RowsRoute rows) {
        if (stacks == null) {
            stacks = rows.lease();
        }
        return stacks;
    }

    /** Ends the pass. */
    void end() {
        if (stacks != null) {
            stacks.exit();
        }
    }

    void checkReached() {
        if (reached != null) {
            route.checkReached(reached);
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
