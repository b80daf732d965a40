package dev.ligature.internal.effect;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Parameter;
import dev.ligature.internal.adapter.AdapterState;
import dev.ligature.internal.adapter.FactorArrays;
import dev.ligature.internal.adapter.FactorPair;
import dev.ligature.internal.adapter.TokenRows;
import dev.ligature.internal.adapter.Values;
import dev.ligature.internal.slot.Slot;
import dev.ligature.internal.slot.SlotCall;
import dev.ligature.ops.LinearTerms;
import dev.ligature.plan.ModuleKind;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What one adapter does at one slot: how the slot's output comes from its input. Decided once, when
 * the adapter is added to the model.
 *
 * <p>The {@code factor} of a method is that by which the routing multiplies the adapter's scaling.
 */
public final class SlotEffect {
    private final Slot slot;
    private final AdapterState adapter;
    private final IdentityHashMap<Parameter, WeightEffect> effects;
    private final IdentityHashMap<Parameter, WeightEffect> replaced = new IdentityHashMap<>(2);
    private final @Nullable PairTerm pair;
    private final @Nullable TokenRows rows;

    /**
     * Creates the effect.
     *
     * @param effects what is done to which of the slot's parameters; one of them at least
     */
    SlotEffect(Slot slot, AdapterState adapter, IdentityHashMap<Parameter, WeightEffect> effects) {
        this.slot = slot;
        this.adapter = adapter;
        this.effects = effects;
        PairTerm pair = null;
        TokenRows rows = null;
        for (Map.Entry<Parameter, WeightEffect> entry : effects.entrySet()) {
            List<WeightEffect> layers = entry.getValue().layers();
            WeightEffect top = layers.get(layers.size() - 1);
            WeightEffect below = layers.size() > 1 ? layers.get(0) : null;
            if (top instanceof LowRankEffect effect && !effect.isOfAParameter()) {
                pair = PairTerm.of(slot, effect);
            } else if (top instanceof TokenRowsEffect effect) {
                rows = effect.rows();
            } else {
                below = entry.getValue();
            }
            if (below != null) {
                replaced.put(entry.getKey(), below);
            }
        }
        this.pair = pair;
        this.rows = rows;
    }

    /** Returns what is done to a parameter; null if nothing is. */
    public @Nullable WeightEffect effectOn(Parameter parameter) {
        return effects.get(parameter);
    }

    /** Returns whether a factor pair changes the slot's output. */
    public boolean hasPair() {
        return pair != null;
    }

    /** Returns the parameters that the block is given others for, and has to ask for. */
    Set<Parameter> replacedParameters() {
        return replaced.keySet();
    }

    /**
     * Returns the pair, if adding its term to the base's output is all that is done here; else
     * null.
     */
    public @Nullable FactorPair plainPair() {
        return isPairAlone() && pair != null && pair.pair().plan().isPlain() ? pair.pair() : null;
    }

    private boolean isPairAlone() {
        return effects.size() == 1 && pair != null && replaced.isEmpty();
    }

    /** Returns whether rows of the slot's own output are replaced. */
    public boolean patchesRows() {
        return rows != null;
    }

    /** Returns whether all that is done here is to add a term to an output. */
    public boolean isAdditive() {
        return rows == null && replaced.isEmpty() && !usesDora();
    }

    /** Returns whether the output is scaled to a length, which depends on what others add to it. */
    public boolean usesDora() {
        return pair instanceof PairTerm.Dora;
    }

    /** Returns the slot's outputs with the adapter. */
    public NDList forward(SlotCall call, double factor) {
        if (isPairAlone() && pair != null) {
            return pair.forward(call, values(call, factor));
        }
        SlotCall prepared = prepare(call, factor);
        NDList output = replaced(prepared);
        if (pair == null) {
            return output;
        }
        NDArray y = prepared.single(output);
        NDArray sum = addTo(y, prepared, factor);
        return sum == y ? output : new NDList(sum);
    }

    /**
     * Returns what the slot computes with the adapter, if that is a linear block and a plain pair;
     * else null.
     *
     * @param call a call without gradients
     */
    public @Nullable LinearTerms terms(SlotCall call, double factor) {
        FactorPair plain = plainPair();
        LinearTerms base = plain == null ? null : call.terms();
        if (plain == null || base == null) {
            return null;
        }
        FactorArrays factors =
                plain.arrays(
                        values(call, factor), call.inputs().head().getDevice(), call.manager());
        return base.plus(new LinearTerms.Factors(factors.a(), factors.b(), factors.scaling()));
    }

    /** Returns the call over a store with what the adapter replaces, if it replaces anything. */
    public SlotCall prepare(SlotCall call, double factor) {
        return replaced.isEmpty()
                ? call
                : call.over(
                        new SubstitutingParameterStore(
                                call, call.manager(), replaced, values(call, factor)));
    }

    /** Returns the slot's outputs with what the adapter replaces, and without the pair's term. */
    public NDList replaced(SlotCall prepared) {
        if (rows == null) {
            return prepared.base();
        }
        NDList output = prepared.ofBlock();
        NDArray y = prepared.single(output);
        NDArray x = prepared.inputs().head();
        NDArray values =
                values(prepared, 1).of(rows.values(), y.getDevice(), y.getManager()); // (n, d)
        if (slot.kind() == ModuleKind.EMBEDDING) {
            return new NDList(rows.patchEmbedding(x, y, values));
        }
        rows.patchLinear(x, y, OutputBias.of(prepared, y), values); // a bias of (V)
        return output;
    }

    /**
     * Adds the pair's term to an output of the slot, if there is a pair.
     *
     * @param y the base's output, or that with other adapters; overwritten when serving
     */
    public NDArray addTo(NDArray y, SlotCall prepared, double factor) {
        return pair == null ? y : pair.addTo(y, prepared, values(prepared, factor));
    }

    private Values values(SlotCall call, double factor) {
        return adapter.values(call.training(), call.store()).times(factor);
    }
}
