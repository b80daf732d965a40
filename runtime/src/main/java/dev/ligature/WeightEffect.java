package dev.ligature;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.training.ParameterStore;
import dev.ligature.block.Cast;

/**
 * What one adapter does to one weight. The readers that are adapted together have one of these; it
 * gives the weight as they see it to whoever reads it in one piece: a merge, an export, or a block
 * that is not a slot.
 */
final class WeightEffect {
    private final FactorPair pair;
    private final double factor;

    /**
     * Creates the effect of a pair.
     *
     * @param factor by which a routing multiplies the pair's scaling
     */
    WeightEffect(FactorPair pair, double factor) {
        this.pair = pair;
        this.factor = factor;
    }

    /** Returns the factor pair that is added. */
    FactorPair pair() {
        return pair;
    }

    /**
     * Returns W + ΔW for computing without a graph; it belongs to the owner.
     *
     * @param w the base's weight, (out, in)
     * @param owner the manager of the result
     */
    NDArray adapted(NDArray w, NDManager owner) {
        return sum(w, detachedFactors(owner), owner);
    }

    /**
     * Returns W + ΔW with the graph of a training forward; it belongs to the owner.
     *
     * @param w the base's weight, (out, in)
     * @param store the trainer's store, which has the factors
     * @param device where they are wanted
     * @param owner the manager of the result
     */
    NDArray trained(NDArray w, ParameterStore store, Device device, NDManager owner) {
        return sum(w, trainedFactors(store, device, owner), owner);
    }

    /** Returns the factors without a graph; what is not the pair's own belongs to the owner. */
    FactorArrays detachedFactors(NDManager owner) {
        return pair.detached().scaledBy(factor, owner);
    }

    /** Returns the factors with a graph; what is not the pair's own belongs to the owner. */
    FactorArrays trainedFactors(ParameterStore store, Device device, NDManager owner) {
        return pair.trained(store, device).scaledBy(factor, owner);
    }

    /** Sums in the factors' data type and casts last. */
    private static NDArray sum(NDArray w, FactorArrays factors, NDManager owner) {
        NDArray delta = factors.delta(owner);
        DataType type = w.getDataType();
        if (type == delta.getDataType()) {
            return delta.add(w);
        }
        NDArray wide = Cast.to(w, delta.getDataType());
        wide.attach(owner);
        return Cast.to(delta.add(wide), type); // with its graph, which toType would leave
    }
}
