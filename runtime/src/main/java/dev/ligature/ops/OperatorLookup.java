package dev.ligature.ops;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Finds the operators of a pass and of an engine. Thread-safe. */
public final class OperatorLookup {
    private static final Map<String, EngineOperators> BY_ENGINE = new ConcurrentHashMap<>();

    private OperatorLookup() {}

    /**
     * Returns the operators of a forward pass: those of its tape, if it has one, or those of its
     * engine.
     *
     * @param store the store that the pass gives its blocks
     * @param x an array of the pass
     * @param training whether the pass needs gradients
     */
    public static Operators of(ParameterStore store, NDArray x, boolean training) {
        if (store instanceof OperatorSource source) {
            Operators own = source.operators(training);
            if (own != null) {
                return own;
            }
        }
        return training ? PlainOperators.TRAINING : engine(x.getManager()).serving();
    }

    /**
     * Applies a language model's head as its pass wants: to all tokens at once, or to some of them
     * at a time. A model that calls this is a {@link HeadedModel}.
     *
     * @param store the store that the pass gives its blocks
     * @param hidden the hidden states, {@code (B, T, d)}
     * @param head computes logits, {@code (…, d)} to {@code (…, V)}; it may be called several times
     * @return the model's first output: logits {@code (B, T, V)}, or in a training or an evaluation
     *     what the pass has in their place
     */
    public static NDArray head(ParameterStore store, NDArray hidden, UnaryOperator<NDArray> head) {
        ModelPass pass = store instanceof OperatorSource source ? source.modelPass() : null;
        return pass == null ? head.apply(hidden) : pass.head(hidden, head);
    }

    /**
     * Returns the pass by which a {@link LayeredModel} computes its layers; null if it does as
     * ever.
     *
     * @param store the store that the pass gives its blocks
     */
    public static @Nullable ModelPass recomputing(ParameterStore store) {
        ModelPass pass = store instanceof OperatorSource source ? source.modelPass() : null;
        return pass != null && pass.recomputesLayers() ? pass : null;
    }

    /**
     * Returns what a block computes in a pass without gradients, if that is a linear product with
     * at most one pair of factors beside it; else null.
     *
     * @param block the block
     * @param store the store that the pass gives its blocks
     * @param x the block's input, or another array with the batch in axis 0; its manager owns what
     *     has to be made
     */
    public static @Nullable LinearTerms linear(Block block, ParameterStore store, NDArray x) {
        if (block instanceof AdaptedBlock adapted) {
            return adapted.linear(store, x);
        }
        if (block.getClass() != Linear.class) {
            return null;
        }
        NDArray weight = null;
        NDArray bias = null;
        for (Parameter parameter : block.getDirectParameters().values()) {
            NDArray value = store.getValue(parameter, x.getDevice(), false);
            if (parameter.getType() == Parameter.Type.BIAS) {
                bias = value;
            } else {
                weight = value;
            }
        }
        return weight == null || weight instanceof PackedArray
                ? null
                : new LinearTerms(weight, bias, null);
    }

    /**
     * Returns the block that computes at a place in a pass without gradients: the block itself, or
     * the one behind it if the pass adds nothing there; else null.
     *
     * @param block the block
     * @param store the store that the pass gives its blocks
     */
    public static @Nullable Block unadapted(Block block, ParameterStore store) {
        return block instanceof AdaptedBlock adapted ? adapted.unadapted(store) : block;
    }

    /**
     * Returns the operators as DJL's arrays compute them.
     *
     * @param training whether the results need gradients, so that no argument may be overwritten
     */
    public static Operators plain(boolean training) {
        return training ? PlainOperators.TRAINING : PlainOperators.SERVING;
    }

    /**
     * Returns what the module for an engine offers. It is found by {@link ServiceLoader}, once;
     * without one, DJL's arrays compute.
     *
     * @param manager a manager of the engine
     */
    public static EngineOperators engine(NDManager manager) {
        return BY_ENGINE.computeIfAbsent(manager.getEngine().getEngineName(), OperatorLookup::load);
    }

    private static EngineOperators load(String engine) {
        ClassLoader loader = EngineOperators.class.getClassLoader();
        for (EngineOperators found : ServiceLoader.load(EngineOperators.class, loader)) {
            if (found.engineName().equals(engine)) {
                return found;
            }
        }
        return new PlainEngine(engine);
    }
}
