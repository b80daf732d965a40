package dev.ligature.internal.effect;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import dev.ligature.internal.adapter.FactorPair;
import dev.ligature.internal.adapter.Values;
import dev.ligature.internal.slot.Slot;
import dev.ligature.internal.slot.SlotCall;
import dev.ligature.plan.ModuleKind;
import dev.ligature.plan.PairPlan;
import java.util.IdentityHashMap;

/**
 * The output of a linear from W + ΔW, which is made for the one pass and freed after it. With many
 * tokens that costs less than a term for each of them. For serving.
 */
final class MaterializedLinear {
    /**
     * The elements of a weight from which its sum is worth making: with fewer, the calls cost more
     * than they save.
     */
    static final long ELEMENTS = 1 << 14;

    private MaterializedLinear() {}

    /**
     * Returns whether W + ΔW costs less than the term, by shapes alone.
     *
     * <p>ΔW takes 2 · r · in · out operations, and the term of N tokens 2 · r · N · (in + out). The
     * sum pays from N (in + out) ≥ 2 · in · out on; {@code benchmarks/run terms} measures it. W +
     * ΔW then takes no more memory than the mean of the linear's input and output.
     *
     * @param x the linear's input, (…, in)
     */
    static boolean isCheaper(Slot slot, FactorPair pair, NDArray x) {
        PairPlan plan = pair.plan();
        Parameter weight = slot.weight();
        return slot.kind() == ModuleKind.LINEAR
                && plan.isPlain()
                && weight != null
                // Rounding ΔW to another type's precision would lose some of it.
                && weight.getArray().getDataType() == plan.dataType()
                && x.getDataType() == plan.dataType()
                && isCheaper(x.size() / plan.in(), plan.in(), plan.out());
    }

    /** Returns whether W + ΔW, (out, in), costs less than the term of some tokens. */
    static boolean isCheaper(long tokens, long in, long out) {
        return in * out >= ELEMENTS && tokens * (in + out) >= 2 * in * out;
    }

    /**
     * Returns the linear's output with its pair; it belongs to the input's manager.
     *
     * @param call the call of the linear, whose input is x, (…, in)
     */
    static NDList forward(SlotCall call, LowRankEffect effect, Values values) {
        IdentityHashMap<Parameter, WeightEffect> weight = new IdentityHashMap<>(1);
        weight.put(call.slot().weight(), effect);
        try (NDManager scope = call.manager().newSubManager()) {
            NDList output =
                    call.over(new SubstitutingParameterStore(call, scope, weight, values)).base();
            output.attach(call.manager()); // (…, out)
            return output;
        }
    }
}
