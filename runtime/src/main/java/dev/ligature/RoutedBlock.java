package dev.ligature;

import ai.djl.ndarray.NDList;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.ParameterList;
import ai.djl.training.ParameterStore;
import ai.djl.util.Pair;
import ai.djl.util.PairList;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The base model with one adapter. Its parameters are the frozen base's and those of the adapter
 * where that is trainable, and no other adapter's: a trainer decays whatever it sees.
 */
final class RoutedBlock extends ForwardingBlock {
    private final Block base;
    private final Binding binding;

    RoutedBlock(Block base, Binding binding) {
        this.base = base;
        this.binding = binding;
    }

    @Override
    Block base() {
        return base;
    }

    @Override
    public NDList forward(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        binding.adapter().enter();
        try {
            LoraModel.checkBound(binding.slots());
            RoutedStore store =
                    new RoutedStore(parameterStore, inputs.head().getManager(), binding);
            NDList output = base.forward(store, inputs, training, params);
            store.checkReached();
            return output;
        } finally {
            binding.adapter().exit();
        }
    }

    @Override
    public ParameterList getDirectParameters() {
        ParameterList parameters = new ParameterList();
        parameters.addAll(base.getDirectParameters());
        addTrainable(parameters);
        return parameters;
    }

    @Override
    public ParameterList getParameters() {
        ParameterList parameters = new ParameterList();
        parameters.addAll(base.getParameters());
        addTrainable(parameters);
        return parameters;
    }

    /** Freezes or unfreezes the adapter's parameters; the base stays frozen. */
    @Override
    public void freezeParameters(boolean freeze) {
        binding.adapter().setTrainable(!freeze);
    }

    /** Freezes or unfreezes those of the adapter's parameters that match; the base stays frozen. */
    @Override
    public void freezeParameters(boolean freeze, Predicate<Parameter> predicate) {
        for (Pair<String, Parameter> named : binding.adapter().parameters()) {
            if (predicate.test(named.getValue())) {
                named.getValue().freeze(freeze);
            }
        }
    }

    private void addTrainable(ParameterList parameters) {
        if (binding.adapter().isTrainable()) {
            parameters.addAll(binding.adapter().parameters());
        }
    }

    @Override
    public String toString() {
        return "Routed(" + binding.adapter().name() + ", " + base + ")";
    }
}
