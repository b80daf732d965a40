package dev.ligature.internal.route;

import ai.djl.ndarray.NDList;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.ParameterList;
import ai.djl.training.ParameterStore;
import ai.djl.util.Pair;
import ai.djl.util.PairList;
import dev.ligature.block.ForwardingBlock;
import dev.ligature.internal.adapter.AdapterMessage;
import dev.ligature.internal.adapter.AdapterState;
import dev.ligature.internal.effect.BoundAdapter;
import java.io.DataOutputStream;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The base model with the adapters of a routing. Its parameters are the frozen base's and those of
 * these adapters where they are trainable, and no other adapter's: a trainer decays whatever it
 * sees.
 */
public final class RoutedBlock extends ForwardingBlock {
    private final Block base;
    private final Route route;

    public RoutedBlock(Block base, Route route) {
        this.base = base;
        this.route = route;
    }

    public Route route() {
        return route;
    }

    @Override
    public Block base() {
        return base;
    }

    @Override
    public NDList forward(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        if (training) {
            route.checkTraining();
        }
        route.enter();
        try {
            route.slots().checkBound();
            RoutedParameterStore store =
                    new RoutedParameterStore(parameterStore, inputs.head().getManager(), route);
            try {
                NDList output = base.forward(store, inputs, training, params);
                store.checkReached(training);
                return output;
            } finally {
                store.end();
            }
        } finally {
            route.exit();
        }
    }

    @Override
    public ParameterList getDirectParameters() {
        return withTrainable(base.getDirectParameters());
    }

    @Override
    public ParameterList getParameters() {
        return withTrainable(base.getParameters());
    }

    /** Freezes or unfreezes the adapters' parameters; the base stays frozen. */
    @Override
    public void freezeParameters(boolean freeze) {
        route.adapters().forEach(adapter -> adapter.adapter().setTrainable(!freeze));
    }

    /** Freezes or unfreezes those of the adapters' parameters that match; the base stays frozen. */
    @Override
    public void freezeParameters(boolean freeze, Predicate<Parameter> predicate) {
        for (BoundAdapter bound : route.adapters()) {
            for (Parameter parameter : bound.adapter().parameters().values()) {
                if (predicate.test(parameter)) {
                    parameter.freeze(freeze);
                }
            }
            bound.adapter().changed();
        }
    }

    /** Adds the parameters to train; with several adapters, their names begin with its name. */
    private ParameterList withTrainable(ParameterList ofBase) {
        ParameterList parameters = new ParameterList();
        parameters.addAll(ofBase);
        boolean several = route.terms().size() > 1;
        for (AdapterState adapter : route.trainable()) {
            for (Pair<String, Parameter> named : adapter.parameters()) {
                String prefix = several ? adapter.name() + "." : "";
                parameters.add(prefix + named.getKey(), named.getValue());
            }
        }
        return parameters;
    }

    /**
     * Refuses to save: the file would have the base's weights alone.
     *
     * @throws dev.ligature.LoraException {@code LoraRoutedSave}, always
     */
    @Override
    public void saveParameters(DataOutputStream stream) {
        throw AdapterMessage.ROUTED_SAVE.error(route.label());
    }

    @Override
    public String toString() {
        return "Routed(" + route.label() + ", " + base + ")";
    }
}
