package dev.ligature;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Parameter;
import ai.djl.nn.convolutional.Convolution;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.block.Cast;
import dev.ligature.plan.ModuleKind;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What one adapter does at one slot: how the slot's output comes from its input. Decided once, when
 * the adapter comes to the model.
 */
final class SlotEffect {
    private final Slot slot;
    private final WeightEffect weight;

    SlotEffect(Slot slot, WeightEffect weight) {
        this.slot = slot;
        this.weight = weight;
    }

    /** Returns what is done to the slot's weight; readers that are adapted together have one. */
    WeightEffect weight() {
        return weight;
    }

    /**
     * Returns the pair, if adding its term to the base's output is all that is done here; else
     * null.
     */
    @Nullable FactorPair plainPair() {
        return weight.pair().plan().isPlain() ? weight.pair() : null;
    }

    /**
     * Returns the slot's output with the adapter.
     *
     * @param store the caller's store: the base block gets it as it is
     * @param inputs the slot's inputs
     * @param training whether the pass is a training one
     * @param graph whether the adapter itself is trained, so that its arrays come from the store
     */
    NDList forward(
            ParameterStore store,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params,
            boolean graph) {
        NDList output = slot.base().forward(store, inputs, training, params);
        NDArray y = output.singletonOrThrow();
        NDArray sum = onto(y, store, inputs.head(), training, graph);
        return sum == y ? output : new NDList(sum);
    }

    /** Returns whether what is done here is to add a term to an output; others can be added too. */
    boolean isAdditive() {
        return true;
    }

    /**
     * Returns what the adapter makes of an output.
     *
     * @param y the base's output, or that with other adapters; overwritten when serving
     * @param store the caller's store
     * @param x the slot's input
     * @param training whether the result is to have a graph
     * @param graph whether the adapter itself is trained
     */
    NDArray onto(NDArray y, ParameterStore store, NDArray x, boolean training, boolean graph) {
        FactorPair pair = weight.pair();
        FactorArrays factors =
                graph
                        ? weight.trainedFactors(store, y.getDevice(), y.getManager())
                        : weight.detachedFactors(y.getManager());
        double dropout = slot.kind() == ModuleKind.EMBEDDING ? 0 : pair.plan().dropout();
        if (pair.plan().isPlain()) {
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
            sum = FactorArrays.add(sum, term(factors.start(), in, training), training);
        }
        NDArray term = term(factors, dropped, training);
        return factors.magnitude() == null
                ? FactorArrays.add(sum, term, training)
                : scaledToLength(sum, term, factors, dropped == in ? null : dropped, store);
    }

    /** Returns s · B A of the input, as the slot reads its weight; a new array. */
    private NDArray term(FactorArrays factors, NDArray in, boolean training) {
        return switch (slot.kind()) {
            case LINEAR -> factors.linearTerm(in, training);
            case EMBEDDING -> factors.embeddingTerm(in, training);
            case CONVOLUTION ->
                    ConvolutionTerm.of(
                            factors,
                            Objects.requireNonNull(weight.pair().plan().kernel()),
                            (Convolution) slot.base(),
                            in,
                            training);
            case OTHER -> throw new IllegalStateException("A pair at " + slot.name());
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
            NDArray y,
            NDArray term,
            FactorArrays factors,
            @Nullable NDArray dropped,
            ParameterStore store) {
        Parameter parameter = Objects.requireNonNull(slot.weight());
        NDArray magnitude = Objects.requireNonNull(factors.magnitude());
        NDArray w = store.getValue(parameter, y.getDevice(), false);
        NDArray ratios = perOutput(weight.ratios(w, magnitude, y.getManager()), y);
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
            base = base.add(term(factors.start(), dropped, true));
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
