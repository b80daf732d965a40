package dev.ligature.internal.effect;

import static dev.ligature.internal.adapter.AdapterArray.attached;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.nn.Parameter;
import dev.ligature.internal.adapter.AdapterArray;
import dev.ligature.internal.adapter.DoraNorm;
import dev.ligature.internal.adapter.FactorArrays;
import dev.ligature.internal.adapter.FactorPair;
import dev.ligature.internal.adapter.Values;
import dev.ligature.ops.PackedArray;
import dev.ligature.plan.ModuleKind;
import dev.ligature.plan.PairPlan;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A factor pair on a weight: W + ΔW, or with DoRA (m / n)(W + ΔW). The readers that are adapted
 * together have one of these.
 */
public final class LowRankEffect implements WeightEffect {
    /** How often the base weights of any model were written in place. */
    private static final AtomicLong WRITES = new AtomicLong();

    private final FactorPair pair;
    private final Parameter weight;
    private volatile @Nullable CachedRatios cached;

    /**
     * Creates the effect of a pair.
     *
     * @param weight the parameter of the base that it is added to
     */
    LowRankEffect(FactorPair pair, Parameter weight) {
        this.pair = pair;
        this.weight = weight;
    }

    /** Records that base weights were written in place. */
    public static void baseWasWritten() {
        WRITES.incrementAndGet();
    }

    /**
     * Ratios of DoRA, valid while neither the adapter nor the base changes.
     *
     * @param w the weight they were computed from
     * @param ratios m / n, which belong to the adapter; always the same array
     */
    private record CachedRatios(int changes, long writes, NDArray w, NDArray ratios) {
        boolean isOf(int changes, long writes, NDArray w) {
            return this.changes == changes && this.writes == writes && this.w == w;
        }
    }

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
            NDArray each = DoraNorm.areOfColumns(plan) ? ratios : perRow(ratios, w, owner);
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
     * the trained lengths m by the present ones n, which get no gradient. Cached for the base's
     * weight while it and the pair are frozen, at the adapter's own scaling.
     *
     * @param magnitude the lengths m, with the graph of a training forward or without
     * @param owner the manager of the result, where it is not cached
     */
    NDArray ratios(NDArray w, NDArray magnitude, double factor, NDManager owner) {
        if (factor != 1
                || !pair.isFrozen()
                || weight.requiresGradient()
                || w != weight.getArray()) {
            return ratiosNow(w, magnitude, factor, owner);
        }
        int changes = pair.changes();
        long writes = WRITES.get();
        CachedRatios at = cached;
        return at != null && at.isOf(changes, writes, w)
                ? at.ratios()
                : renewed(changes, writes, w, magnitude);
    }

    /** Computes the ratios into the one array that is kept. */
    private synchronized NDArray renewed(int changes, long writes, NDArray w, NDArray magnitude) {
        CachedRatios last = cached;
        if (last != null && last.isOf(changes, writes, w)) {
            return last.ratios();
        }
        NDArray ratios;
        try (NDManager scope = pair.manager().newSubManager()) {
            NDArray now = ratiosNow(w, magnitude, 1, scope);
            if (last == null) {
                ratios = attached(now, pair.manager());
            } else {
                ratios = last.ratios(); // not a new one: other threads may still read this one
                ratios.set(new NDIndex(":"), now);
            }
        }
        cached = new CachedRatios(changes, writes, w, ratios);
        return ratios;
    }

    private NDArray ratiosNow(NDArray w, NDArray magnitude, double factor, NDManager owner) {
        FactorArrays factors = pair.detached(owner).scaledBy(factor, owner);
        NDArray plain = PackedArray.plain(w, owner);
        try (NDArray lengths = DoraNorm.of(plain, pair.plan(), factors, owner)) {
            return attached(magnitude.div(lengths), owner);
        }
    }

    private static NDArray perRow(NDArray ratios, NDArray w, NDManager owner) {
        long[] shape = new long[w.getShape().dimension()];
        Arrays.fill(shape, 1);
        shape[0] = ratios.size();
        return attached(ratios.reshape(shape), owner); // (rows) -> (rows, 1…)
    }

    private static void checkIsKernel(PairPlan plan) {
        if (plan.kernel() != null && plan.kernel().groups() > 1) {
            throw EffectMessage.GROUPED_CONVOLUTION.error(plan.name(), plan.kernel().groups());
        }
    }
}
