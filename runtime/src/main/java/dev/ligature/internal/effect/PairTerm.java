package dev.ligature.internal.effect;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.convolutional.Convolution;
import dev.ligature.block.Cast;
import dev.ligature.internal.adapter.FactorArrays;
import dev.ligature.internal.adapter.FactorPair;
import dev.ligature.internal.adapter.Values;
import dev.ligature.internal.slot.Slot;
import dev.ligature.internal.slot.SlotCall;
import dev.ligature.ops.GradientTape;
import dev.ligature.plan.ModuleKind;
import dev.ligature.plan.PairPlan;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** How a factor pair changes the output of a slot; chosen once, by what the pair has. */
sealed interface PairTerm {
    /** Chooses the term of a pair at a slot that reads its weight. */
    static PairTerm of(Slot slot, LowRankEffect effect) {
        PairPlan plan = effect.pair().plan();
        if (plan.dora()) {
            return new Dora(slot, effect);
        }
        return plan.startsFromWeight() ? new Started(slot, effect) : new Plain(slot, effect);
    }

    Slot slot();

    LowRankEffect effect();

    /**
     * Adds the term to an output.
     *
     * @param y the base's output, or that with other adapters; overwritten when serving
     */
    NDArray addTo(NDArray y, SlotCall call, Values values);

    /** Returns the slot's output where the pair is all that the adapter has there. */
    default NDList forward(SlotCall call, Values values) {
        NDList output = call.base();
        NDArray y = call.single(output);
        NDArray sum = addTo(y, call, values);
        return sum == y ? output : new NDList(sum);
    }

    default FactorPair pair() {
        return effect().pair();
    }

    /** Returns whether inputs are token ids, which are neither cast nor dropped, as in PEFT. */
    default boolean looksUp() {
        return slot().kind() == ModuleKind.EMBEDDING;
    }

    /** Returns s · B A of an input, as the slot reads its weight; a new array. */
    default NDArray product(FactorArrays factors, NDArray in, boolean training) {
        return switch (slot().kind()) {
            case LINEAR -> factors.linearTerm(in, training);
            case EMBEDDING -> factors.embeddingTerm(in, training);
            case CONVOLUTION ->
                    ConvolutionTerm.of(
                            factors,
                            Objects.requireNonNull(pair().plan().kernel()),
                            (Convolution) slot().base(),
                            in,
                            training);
            case PARAMETER, OTHER -> throw new IllegalStateException("A pair at " + slot().name());
        };
    }

    /** y + s · B A dropout(x); also with a bias of B, and of a convolution. */
    record Plain(Slot slot, LowRankEffect effect) implements PairTerm {
        @Override
        public NDList forward(SlotCall call, Values values) {
            NDArray x = call.inputs().head();
            if (!call.training() && MaterializedLinear.isCheaper(slot, pair(), x)) {
                return MaterializedLinear.forward(call, effect, values);
            }
            NDArray y = taped(call, values);
            return y == null ? PairTerm.super.forward(call, values) : new NDList(y);
        }

        /** Returns the output in a pass that a tape records; null if the tape cannot. */
        private @Nullable NDArray taped(SlotCall call, Values values) {
            if (!slot.isLinear()
                    || pair().plan().dropout() > 0
                    || !(call.operators() instanceof GradientTape tape)) {
                return null;
            }
            NDArray x = call.inputs().head();
            FactorArrays factors = pair().arrays(values, x.getDevice(), x.getManager());
            if (factors.bias() != null) {
                return null;
            }
            NDArray weight = call.value(Objects.requireNonNull(slot.weight()), x);
            NDArray bias = slot.bias() == null ? null : call.value(slot.bias(), x);
            return tape.lora(x, weight, bias, factors.a(), factors.b(), factors.scaling());
        }

        @Override
        public NDArray addTo(NDArray y, SlotCall call, Values values) {
            boolean training = call.training();
            NDArray x = call.inputs().head();
            FactorArrays factors = pair().arrays(values, y.getDevice(), y.getManager());
            double dropout = pair().plan().dropout();
            NDArray in = looksUp() ? x : factors.dropped(x, dropout, training); // (…, in)
            NDArray sum = FactorArrays.add(y, product(factors, in, training), training);
            if (!training) {
                pair().release(factors);
                if (in != x) {
                    in.close();
                }
            }
            return sum;
        }
    }

    /**
     * y + s · (B A dropout(x) − B₀ A₀ x): the factors that the pair started with are taken from the
     * base, which drops nothing.
     */
    record Started(Slot slot, LowRankEffect effect) implements PairTerm {
        @Override
        public NDArray addTo(NDArray y, SlotCall call, Values values) {
            boolean training = call.training();
            FactorArrays factors = pair().arrays(values, y.getDevice(), y.getManager());
            Dropped x = Dropped.of(this, factors, call);
            FactorArrays start = Objects.requireNonNull(factors.start());
            NDArray less = FactorArrays.add(y, product(start, x.whole(), training), training);
            return FactorArrays.add(less, product(factors, x.kept(), training), training);
        }
    }

    /**
     * The input of a term in the factors' data type.
     *
     * @param kept with elements dropped; the same where none are
     */
    record Dropped(NDArray whole, NDArray kept) {
        static Dropped of(PairTerm term, FactorArrays factors, SlotCall call) {
            NDArray x = call.inputs().head();
            if (term.looksUp()) {
                return new Dropped(x, x);
            }
            NDArray whole = factors.dropped(x, 0, false);
            double dropout = term.pair().plan().dropout();
            return new Dropped(whole, factors.dropped(whole, dropout, call.training()));
        }
    }

    /**
     * (m / n) (W + ΔW) x + bias: DoRA's output, with the trained lengths m and the present ones n.
     * Where elements of x are dropped, PEFT keeps the base's output and scales that of dropout(x).
     */
    record Dora(Slot slot, LowRankEffect effect) implements PairTerm {
        @Override
        public NDArray addTo(NDArray y, SlotCall call, Values values) {
            boolean training = call.training();
            FactorArrays factors = pair().arrays(values, y.getDevice(), y.getManager());
            FactorArrays start = factors.start();
            Dropped x = Dropped.of(this, factors, call);
            NDArray sum =
                    start == null
                            ? y
                            : FactorArrays.add(y, product(start, x.whole(), training), training);
            NDArray term = product(factors, x.kept(), training);
            DataType type = term.getDataType();
            NDArray w =
                    call.store()
                            .getValue(Objects.requireNonNull(slot.weight()), y.getDevice(), false);
            NDArray magnitude = Objects.requireNonNull(factors.magnitude());
            NDArray ratios =
                    perOutput(effect.ratios(w, magnitude, values.factor(), y.getManager()), y);
            NDArray wide = Cast.to(sum, type);
            NDArray bias = bias(call, y, type);
            if (x.kept() == x.whole()) {
                NDArray scaled = bare(wide, bias).add(term).mul(ratios); // (…, out)
                return Cast.to(bias == null ? scaled : scaled.add(bias), y.getDataType());
            }
            NDArray in = Cast.to(x.kept(), w.getDataType());
            NDArray output =
                    slot.base().forward(call.store(), new NDList(in), true).singletonOrThrow();
            NDArray base = bare(Cast.to(output, type), bias); // (…, out)
            if (start != null) {
                base = base.add(product(start, x.kept(), true));
            }
            NDArray scaled = base.add(term).mul(ratios).sub(base);
            return Cast.to(wide.add(scaled), y.getDataType());
        }

        private static NDArray bare(NDArray output, @Nullable NDArray bias) {
            return bias == null ? output : output.sub(bias);
        }

        /** Returns the bias of the slot's block, in a shape that goes with its output, if any. */
        private @Nullable NDArray bias(SlotCall call, NDArray y, DataType type) {
            NDArray bias = OutputBias.of(call, y); // (out)
            return bias == null ? null : perOutput(Cast.to(bias, type), y);
        }

        private NDArray perOutput(NDArray array, NDArray y) {
            return slot.kind() == ModuleKind.CONVOLUTION
                    ? ConvolutionTerm.perChannel(array, y.getShape(), y.getManager())
                    : array;
        }
    }
}
