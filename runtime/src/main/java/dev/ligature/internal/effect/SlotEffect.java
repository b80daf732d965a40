package dev.ligature.internal.effect;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Parameter;
import ai.djl.nn.convolutional.Convolution;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.block.Cast;
import dev.ligature.internal.adapter.FactorArrays;
import dev.ligature.internal.adapter.FactorPair;
import dev.ligature.internal.adapter.TokenRows;
import dev.ligature.internal.slot.Slot;
import dev.ligature.plan.ModuleKind;
import dev.ligature.plan.PairPlan;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What one adapter does at one slot: how the slot's output comes from its input. Decided once, when
 * the adapter comes to the model.
 */
public final class SlotEffect {
    private final Slot slot;
    private final IdentityHashMap<Parameter, WeightEffect> effects;
    private final IdentityHashMap<Parameter, WeightEffect> replaced = new IdentityHashMap<>(2);
    private final @Nullable LowRankEffect pair;
    private final @Nullable TokenRows rows;

    /**
     * Creates the effect.
     *
     * @param slot the slot
     * @param effects what is done to which of its parameters; one of them at least
     */
    SlotEffect(Slot slot, IdentityHashMap<Parameter, WeightEffect> effects) {
        this.slot = slot;
        this.effects = effects;
        LowRankEffect pair = null;
        TokenRows rows = null;
        for (Map.Entry<Parameter, WeightEffect> entry : effects.entrySet()) {
            if (entry.getValue() instanceof LowRankEffect effect && !effect.isOfAParameter()) {
                pair = effect;
            } else if (entry.getValue() instanceof TokenRowsEffect effect) {
                rows = effect.rows();
            } else {
                replaced.put(entry.getKey(), entry.getValue());
            }
        }
        this.pair = pair;
        this.rows = rows;
    }

    /** Returns what is done to a parameter; null if nothing is. */
    public @Nullable WeightEffect on(Parameter parameter) {
        return effects.get(parameter);
    }

    /** Returns what a pair does to the slot's weight; null if there is none. */
    public @Nullable LowRankEffect pair() {
        return pair;
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
        return effects.size() == 1 && pair != null && pair.pair().plan().isPlain()
                ? pair.pair()
                : null;
    }

    /** Returns whether rows of the slot's own output are replaced. */
    public boolean patchesRows() {
        return rows != null;
    }

    /** Returns whether what is done here is to add a term to an output; others can be added too. */
    public boolean isAdditive() {
        return !replaces() && !usesDora();
    }

    /** Returns whether something of the slot is replaced, under the term if there is one. */
    boolean replaces() {
        return rows != null || !replaced.isEmpty();
    }

    /** Returns whether the output is brought to a length, which counts what others add to it. */
    public boolean usesDora() {
        return pair != null && pair.pair().plan().dora();
    }

    /**
     * Returns the slot's output with the adapter.
     *
     * @param store what the base block reads from, but for what is replaced
     * @param inputs the slot's inputs
     * @param training whether the pass is a training one
     * @param graph whether the adapter itself is trained, so that its arrays come from the store
     */
    public NDList forward(
            ParameterStore store,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params,
            boolean graph) {
        FactorPair plain = plainPair();
        if (!training && plain != null && MaterializedLinear.pays(slot, plain, inputs.head())) {
            return MaterializedLinear.forward(slot, effects, store, inputs, params);
        }
        ParameterStore given = given(store, inputs, graph);
        NDList output = replaced(given, inputs, training, params, graph);
        if (pair == null) {
            return output;
        }
        NDArray y = output.singletonOrThrow();
        NDArray sum = onto(y, given, inputs.head(), training, graph);
        return sum == y ? output : new NDList(sum);
    }

    /** Returns the store with what the adapter replaces; the same where nothing is replaced. */
    public ParameterStore given(ParameterStore store, NDList inputs, boolean graph) {
        return replaced.isEmpty()
                ? store
                : new SubstitutingParameterStore(
                        store, inputs.head().getManager(), replaced, graph);
    }

    /**
     * Returns the slot's output with what the adapter replaces, and without the pair's term.
     *
     * @param given the store that {@link #given} returns; the others are those of {@link #forward}
     */
    public NDList replaced(
            ParameterStore given,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params,
            boolean graph) {
        NDList output = slot.base().forward(given, inputs, training, params);
        if (rows == null) {
            return output;
        }
        NDArray y = output.singletonOrThrow();
        NDArray values =
                graph
                        ? rows.values().trained(given, y.getDevice())
                        : rows.values().detached(); // (n, d)
        if (slot.kind() == ModuleKind.EMBEDDING) {
            return new NDList(rows.patchEmbedding(inputs.head(), y, values));
        }
        Parameter bias = slot.bias();
        NDArray b = bias == null ? null : given.getValue(bias, y.getDevice(), training); // (V)
        rows.patchLinear(inputs.head(), y, b, values);
        return output;
    }

    /**
     * Returns what the adapter's pair makes of an output; the output itself without a pair.
     *
     * @param y the base's output, or that with other adapters; overwritten when serving
     * @param store the store that the output was computed with
     * @param x the slot's input
     * @param training whether the result is to have a graph
     * @param graph whether the adapter itself is trained
     */
    public NDArray onto(
            NDArray y, ParameterStore store, NDArray x, boolean training, boolean graph) {
        if (pair == null) {
            return y;
        }
        PairPlan plan = pair.pair().plan();
        FactorArrays factors =
                graph
                        ? pair.trainedFactors(store, y.getDevice(), y.getManager())
                        : pair.detachedFactors(y.getManager());
        double dropout = slot.kind() == ModuleKind.EMBEDDING ? 0 : plan.dropout();
        if (plan.isPlain()) {
            return slot.kind() == ModuleKind.EMBEDDING
                    ? factors.addEmbedding(x, y, training)
                    : factors.addLinear(x, y, dropout, training);
        }
        boolean embedding = slot.kind() == ModuleKind.EMBEDDING;
        NDArray in = embedding ? x : factors.dropped(x, 0, training);
        NDArray dropped = embedding || dropout == 0 ? in : factors.dropped(in, dropout, training);
        NDArray sum = y;
        if (factors.start() != null) {
            // What the factors started with counts as taken from the base, which drops nothing.
            sum = FactorArrays.add(sum, term(plan, factors.start(), in, training), training);
        }
        NDArray term = term(plan, factors, dropped, training);
        return factors.magnitude() == null
                ? FactorArrays.add(sum, term, training)
                : scaledToLength(pair, sum, term, factors, dropped == in ? null : dropped, store);
    }

    /** Returns s · B A of the input, as the slot reads its weight; a new array. */
    private NDArray term(PairPlan plan, FactorArrays factors, NDArray in, boolean training) {
        return switch (slot.kind()) {
            case LINEAR -> factors.linearTerm(in, training);
            case EMBEDDING -> factors.embeddingTerm(in, training);
            case CONVOLUTION ->
                    ConvolutionTerm.of(
                            factors,
                            Objects.requireNonNull(plan.kernel()),
                            (Convolution) slot.base(),
                            in,
                            training);
            case PARAMETER, OTHER -> throw new IllegalStateException("A pair at " + slot.name());
        };
    }

    /**
     * Returns (m / n) (W + ΔW) x + bias, DoRA's output, in y's data type.
     *
     * @param y the base's output W x + bias
     * @param term ΔW x in the factors' data type
     * @param dropped the input with elements dropped; null where none are, and then y is of it
     */
    private NDArray scaledToLength(
            LowRankEffect pair,
            NDArray y,
            NDArray term,
            FactorArrays factors,
            @Nullable NDArray dropped,
            ParameterStore store) {
        Parameter parameter = Objects.requireNonNull(slot.weight());
        NDArray magnitude = Objects.requireNonNull(factors.magnitude());
        NDArray w = store.getValue(parameter, y.getDevice(), false);
        NDArray ratios = perOutput(pair.ratios(w, magnitude, y.getManager()), y);
        NDArray wide = Cast.to(y, term.getDataType());
        NDArray bias = bias(store, y, term.getDataType());
        if (dropped == null) {
            NDArray scaled = bare(wide, bias).add(term).mul(ratios); // (…, out)
            return Cast.to(bias == null ? scaled : scaled.add(bias), y.getDataType());
        }
        // PEFT: the base's output stays, and what is scaled is that of the dropped input.
        NDArray in = Cast.to(dropped, w.getDataType());
        NDArray output = slot.base().forward(store, new NDList(in), true).singletonOrThrow();
        NDArray base = bare(Cast.to(output, term.getDataType()), bias); // (…, out)
        if (factors.start() != null) {
            base = base.add(term(pair.pair().plan(), factors.start(), dropped, true));
        }
        NDArray scaled = base.add(term).mul(ratios).sub(base);
        return Cast.to(wide.add(scaled), y.getDataType());
    }

    private static NDArray bare(NDArray output, @Nullable NDArray bias) {
        return bias == null ? output : output.sub(bias);
    }

    /** Returns the bias of the base's block, in a shape that goes with its output, if any. */
    private @Nullable NDArray bias(ParameterStore store, NDArray y, DataType type) {
        Parameter bias = slot.bias();
        return bias == null
                ? null
                : perOutput(Cast.to(store.getValue(bias, y.getDevice(), false), type), y);
    }

    private NDArray perOutput(NDArray array, NDArray y) {
        return slot.kind() == ModuleKind.CONVOLUTION
                ? ConvolutionTerm.perChannel(array, y.getShape())
                : array;
    }
}
