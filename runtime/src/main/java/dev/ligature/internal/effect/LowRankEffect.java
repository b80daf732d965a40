package dev.ligature.internal.effect;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.training.ParameterStore;
import dev.ligature.LoraException;
import dev.ligature.block.Cast;
import dev.ligature.internal.adapter.DoraNorm;
import dev.ligature.internal.adapter.FactorArrays;
import dev.ligature.internal.adapter.FactorPair;
import dev.ligature.plan.ModuleKind;
import dev.ligature.plan.PairPlan;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A factor pair on a weight: W + ΔW, or with DoRA (m / n)(W + ΔW). The readers that are adapted
 * together have one of these.
 */
public final class LowRankEffect implements WeightEffect {
    private final FactorPair pair;
    private final double factor;
    private volatile @Nullable Kept kept;

    /**
     * Creates the effect of a pair.
     *
     * @param factor by which a routing multiplies the pair's scaling
     */
    LowRankEffect(FactorPair pair, double factor) {
        this.pair = pair;
        this.factor = factor;
    }

    /**
     * Ratios of DoRA that hold while the adapter is not trained.
     *
     * @param changes the pair's count at the time
     * @param w the weight they were computed from
     * @param ratios m / n, which belong to the adapter
     */
    private record Kept(int changes, NDArray w, NDArray ratios) {}

    /** Returns whether blocks are given W + ΔW, and do not add a term to their outputs. */
    boolean isOfAParameter() {
        return pair.plan().readers().get(0).kind() == ModuleKind.PARAMETER;
    }

    /** Returns the factor pair that is added. */
    FactorPair pair() {
        return pair;
    }

    /**
     * Returns the weight as adapted, W + ΔW or with DoRA (m / n)(W + ΔW), for computing without a
     * graph; it belongs to the owner.
     *
     * @param w the base's weight, or that with other adapters
     * @param base the base's weight, from which DoRA takes n
     * @param owner the manager of the result
     */
    @Override
    public NDArray adapted(NDArray w, NDArray base, NDManager owner) {
        return sum(w, base, detachedFactors(owner), owner);
    }

    /**
     * Returns the weight as adapted with the graph of a training forward; it belongs to the owner.
     *
     * @param w the base's weight, or that with other adapters
     * @param base the base's weight, from which DoRA takes n
     * @param store the trainer's store, which has the factors
     * @param owner the manager of the result
     */
    @Override
    public NDArray trained(NDArray w, NDArray base, ParameterStore store, NDManager owner) {
        return sum(w, base, trainedFactors(store, w.getDevice(), owner), owner);
    }

    @Override
    public boolean replaces() {
        return false;
    }

    @Override
    public String kind() {
        return "its own pair";
    }

    @Override
    public String name() {
        return pair.plan().name();
    }

    /** Returns the factors without a graph; what is not the pair's own belongs to the owner. */
    public FactorArrays detachedFactors(NDManager owner) {
        return pair.detached().scaledBy(factor, owner);
    }

    /** Returns the factors with a graph; what is not the pair's own belongs to the owner. */
    FactorArrays trainedFactors(ParameterStore store, Device device, NDManager owner) {
        return pair.trained(store, device).scaledBy(factor, owner);
    }

    /**
     * Returns m / n, by which DoRA multiplies each row of W + ΔW, or each column of an embedding's:
     * the trained lengths m by the present ones n, which get no gradient.
     *
     * @param w the base's weight
     * @param magnitude the lengths m, with the graph of a training forward or without
     * @param owner the manager of the result, where it is not kept
     */
    NDArray ratios(NDArray w, NDArray magnitude, NDManager owner) {
        int changes = pair.changes();
        if (!pair.isFrozen() || factor != 1) { // effects of a factor come and go with requests
            return ratiosNow(w, magnitude, owner);
        }
        Kept at = kept;
        if (at == null || at.changes() != changes || at.w() != w) {
            at = new Kept(changes, w, ratiosNow(w, magnitude, pair.manager()));
            kept = at;
        }
        return at.ratios();
    }

    private NDArray ratiosNow(NDArray w, NDArray magnitude, NDManager owner) {
        FactorArrays factors = detachedFactors(owner);
        try (NDArray lengths = DoraNorm.of(w, pair.plan(), factors, owner)) {
            NDArray ratios = magnitude.div(lengths);
            ratios.attach(owner);
            return ratios;
        }
    }

    /** Sums in the factors' data type and casts last. */
    private NDArray sum(NDArray w, NDArray base, FactorArrays factors, NDManager owner) {
        PairPlan plan = pair.plan();
        checkIsKernel(plan);
        NDArray delta = factors.delta(owner); // (out, in)
        NDArray wide = Cast.to(w, delta.getDataType());
        if (wide != w) {
            wide.attach(owner);
        }
        if (!w.getShape().equals(delta.getShape())) {
            delta = delta.reshape(w.getShape()); // (out, in · window) -> (out, in, window…)
            delta.attach(owner);
        }
        NDArray sum = delta.add(wide);
        sum.attach(owner);
        if (factors.magnitude() != null) {
            NDArray ratios = ratios(base, factors.magnitude(), owner);
            NDArray each = DoraNorm.isEmbedding(plan) ? ratios : perRow(ratios, w);
            sum = sum.mul(each);
            sum.attach(owner);
        }
        NDArray cast = Cast.to(sum, w.getDataType()); // with its graph, which toType would leave
        cast.attach(owner);
        return cast;
    }

    private static NDArray perRow(NDArray ratios, NDArray w) {
        long[] shape = new long[w.getShape().dimension()];
        Arrays.fill(shape, 1);
        shape[0] = ratios.size();
        return ratios.reshape(shape); // (out) -> (out, 1…)
    }

    private static void checkIsKernel(PairPlan plan) {
        if (plan.kernel() != null && plan.kernel().groups() > 1) {
            throw new LoraException(
                    "LoraConvolutionMerge",
                    "The update of module "
                            + plan.name()
                            + ", a convolution of "
                            + plan.kernel().groups()
                            + " groups, reads all channels for each group, so no kernel of the"
                            + " base's shape holds it, and the adapter cannot be merged, in PEFT"
                            + " neither. Serve it by its routed block.");
        }
    }
}
