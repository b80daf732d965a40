package dev.ligature;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterServer;
import ai.djl.training.ParameterStore;
import dev.ligature.block.Cast;
import dev.ligature.plan.ModuleKind;
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

    /** Returns the output of a slot: the base's, and the adapter's term where it has one. */
    NDList addTerm(Slot slot, NDList inputs, NDList output, boolean training) {
        FactorPair pair = binding.of(slot);
        if (pair == null) {
            return output;
        }
        if (reached != null) {
            reached[slot.index()] = true;
        }
        NDArray x = inputs.head();
        NDArray y = output.singletonOrThrow();
        boolean graph = training && binding.adapter().isTrainable();
        FactorArrays factors = graph ? pair.trained(raw, y.getDevice()) : pair.detached();
        NDArray sum =
                slot.kind() == ModuleKind.EMBEDDING
                        ? factors.addEmbedding(x, y, training)
                        : factors.addLinear(x, y, pair.plan().dropout(), training);
        return sum == y ? output : new NDList(sum);
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
        FactorPair pair =
                binding.onlyPairOf(
                        weight, "A block reads that weight without going through its field.");
        if (reached != null) {
            for (Slot reader : binding.slots().readersOf(weight)) {
                reached[reader.index()] = true;
            }
        }
        boolean graph = training && binding.adapter().isTrainable();
        FactorArrays factors = graph ? pair.trained(raw, device) : pair.detached();
        NDArray w = raw.getValue(weight, device, training);
        return sum(w, factors, manager);
    }

    /**
     * Returns W + ΔW, summed in the factors' data type and cast last; it belongs to the manager.
     */
    static NDArray sum(NDArray w, FactorArrays factors, NDManager owner) {
        NDArray delta = factors.delta(owner);
        DataType type = w.getDataType();
        if (type == delta.getDataType()) {
            return delta.add(w);
        }
        NDArray wide = Cast.to(w, delta.getDataType());
        wide.attach(owner);
        return Cast.to(delta.add(wide), type); // with its graph, which toType would leave
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
