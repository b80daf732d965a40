package dev.ligature.internal.effect;

import static dev.ligature.internal.adapter.AdapterArray.attached;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.ligature.internal.adapter.AdapterArray;
import dev.ligature.internal.adapter.DoraNorm;
import dev.ligature.internal.adapter.FactorArrays;
import dev.ligature.internal.adapter.FactorPair;
import dev.ligature.internal.adapter.Values;
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
    private volatile @Nullable CachedRatios cached;

    LowRankEffect(FactorPair pair) {
        this.pair = pair;
    }

    /**
     * Ratios of DoRA, valid while the adapter is not trained.
     *
     * @param w the weight they were computed from
     * @param ratios m / n, which belong to the adapter
     */
    private record CachedRatios(int changes, NDArray w, NDArray ratios) {}

    /** Returns whether blocks are given W + ΔW, and do not add a term to their outputs. */
    boolean isOfAParameter() {
        return pair.plan().readers().get(0).kind() == ModuleKind.PARAMETER;
    }

    /** Returns the factor pair that is added. */
    FactorPair pair() {
        return pair;
    }

    /**
     * Returns W + ΔW, or with DoRA (m / n)(W + ΔW), summed in the factors' data type and cast last.
     */
    @Override
    public NDArray apply(NDArray w, NDArray base, Values values, NDManager owner) {
        PairPlan plan = pair.plan();
        FactorArrays factors = pair.arrays(values, w.getDevice(), owner);
        checkIsKernel(plan);
        NDArray delta = factors.delta(plan.transposed(), owner); // (out, in), or as W is stored
        NDArray wide = AdapterArray.in(delta.getDataType(), w, owner);
        if (!w.getShape().equals(delta.getShape())) {
            // (out, in · window) -> (out, in, window…)
            delta = attached(delta.reshape(w.getShape()), owner);
        }
        NDArray sum = attached(delta.add(wide), owner);
        if (factors.magnitude() != null) {
            NDArray ratios = ratios(base, factors.magnitude(), values.factor(), owner);
            NDArray each = DoraNorm.areOfColumns(plan) ? ratios : perRow(ratios, w);
            sum = attached(sum.mul(each), owner);
        }
        return AdapterArray.in(w.getDataType(), sum, owner);
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

    /**
     * Returns m / n, by which DoRA multiplies each row of W + ΔW, or each column of an embedding's:
     * the trained lengths m by the present ones n, which get no gradient. Cached while the pair is
     * frozen, at the adapter's own scaling.
     *
     * @param magnitude the lengths m, with the graph of a training forward or without
     * @param owner the manager of the result, where it is not cached
     */
    NDArray ratios(NDArray w, NDArray magnitude, double factor, NDManager owner) {
        int changes = pair.changes();
        if (!pair.isFrozen() || factor != 1) {
            return ratiosNow(w, magnitude, factor, owner);
        }
        CachedRatios at = cached;
        if (at == null || at.changes() != changes || at.w() != w) {
            at = new CachedRatios(changes, w, ratiosNow(w, magnitude, 1, pair.manager()));
            cached = at;
        }
        return at.ratios();
    }

    private NDArray ratiosNow(NDArray w, NDArray magnitude, double factor, NDManager owner) {
        FactorArrays factors = pair.detached(owner).scaledBy(factor, owner);
        try (NDArray lengths = DoraNorm.of(w, pair.plan(), factors, owner)) {
            return attached(magnitude.div(lengths), owner);
        }
    }

    private static NDArray perRow(NDArray ratios, NDArray w) {
        long[] shape = new long[w.getShape().dimension()];
        Arrays.fill(shape, 1);
        shape[0] = ratios.size();
        return ratios.reshape(shape); // (rows) -> (rows, 1…)
    }

    private static void checkIsKernel(PairPlan plan) {
        if (plan.kernel() != null && plan.kernel().groups() > 1) {
            throw EffectMessage.GROUPED_CONVOLUTION.error(plan.name(), plan.kernel().groups());
        }
    }
}
