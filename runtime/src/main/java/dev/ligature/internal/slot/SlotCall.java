package dev.ligature.internal.slot;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.LoraException;
import dev.ligature.block.AdaptableBlock;
import dev.ligature.ops.LinearTerms;
import dev.ligature.ops.OperatorLookup;
import dev.ligature.ops.Operators;
import dev.ligature.ops.PackedArray;
import dev.ligature.plan.ModuleKind;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One call of a slot in a forward pass.
 *
 * @param store what the slot's block reads from: the base's values of the parameters that the slot
 *     adapts itself, adapted values of all others
 */
public record SlotCall(
        Slot slot,
        ParameterStore store,
        NDList inputs,
        boolean training,
        @Nullable PairList<String, Object> params) {

    /** Returns the outputs of the slot's block. */
    public NDList base() {
        if (slot.isLinear() && !slot.isPacked() && inputs.size() == 1) {
            NDArray x = inputs.head(); // (…, in)
            Operators operators = operators();
            if (operators != OperatorLookup.plain(training)) {
                NDArray weight = value(Objects.requireNonNull(slot.weight()), x); // (out, in)
                NDArray bias = slot.bias() == null ? null : value(slot.bias(), x); // (out)
                return new NDList(operators.linear(x, weight, bias));
            }
        }
        return ofBlock();
    }

    /** Returns the outputs of the slot's block as the block computes them: to be overwritten. */
    public NDList ofBlock() {
        if (slot.isPacked()) {
            NDArray x = inputs.singletonOrThrow();
            NDArray weight = value(Objects.requireNonNull(slot.weight()), x); // (out, in)
            if (weight instanceof PackedArray packed) {
                return new NDList(ofPacked(packed, x));
            }
        }
        return slot.base().forward(store, inputs, training, params);
    }

    private NDArray ofPacked(PackedArray weight, NDArray x) {
        if (training) {
            throw SlotMessage.PACKED_TRAINING.state(slot.name(), weight.precision());
        }
        return slot.kind() == ModuleKind.EMBEDDING
                ? weight.rows(x)
                : weight.linear(x, slot.bias() == null ? null : value(slot.bias(), x));
    }

    /** Returns what {@link #base} computes of a linear block; null if the block is another one. */
    public @Nullable LinearTerms terms() {
        if (!slot.isLinear() || slot.isPacked()) {
            return null;
        }
        NDArray x = inputs.head();
        NDArray weight = value(Objects.requireNonNull(slot.weight()), x); // (out, in)
        NDArray bias = slot.bias() == null ? null : value(slot.bias(), x); // (out)
        return new LinearTerms(weight, bias, null);
    }

    /** Returns the operators of the pass. */
    public Operators operators() {
        return OperatorLookup.of(store, inputs.head(), training);
    }

    /** Returns the value that the slot's block reads of a parameter. */
    public NDArray value(Parameter parameter, NDArray x) {
        return store.getValue(parameter, x.getDevice(), training);
    }

    /**
     * Returns the one output of the slot's block.
     *
     * @throws LoraException {@code LoraBlockOutputs} if it has several, or none
     */
    public NDArray single(NDList outputs) {
        if (outputs.size() != 1) {
            throw SlotMessage.BLOCK_OUTPUTS.error(slot.name(), typeName(), outputs.size());
        }
        return outputs.head();
    }

    /** Returns the error of a call that failed: the block's, if that said how its weight lies. */
    public RuntimeException explained(EngineException error) {
        Shape stored = slot.weight() == null ? new Shape() : slot.weight().getArray().getShape();
        if (!(slot.base() instanceof AdaptableBlock block) || stored.dimension() != 2) {
            return error;
        }
        boolean transposed = block.isWeightTransposed();
        boolean first = (slot.kind() == ModuleKind.LINEAR) != transposed;
        long said = stored.get(first ? 0 : 1);
        long computed;
        try {
            computed = single(base()).getShape().getLastDimension();
        } catch (EngineException ofTheBase) {
            return error;
        }
        return said == computed
                ? error
                : SlotMessage.BLOCK_STORAGE.error(
                        slot.name(), typeName(), transposed, stored, said, computed, !transposed);
    }

    private String typeName() {
        return slot.base().getClass().getSimpleName();
    }

    /** Returns the manager of the inputs, which owns what the call computes. */
    public NDManager manager() {
        return inputs.head().getManager();
    }

    /** Returns the same call over another store. */
    public SlotCall over(ParameterStore other) {
        return new SlotCall(slot, other, inputs, training, params);
    }

    /** Returns the same call with other inputs. */
    public SlotCall with(NDList others) {
        return new SlotCall(slot, store, others, training, params);
    }
}
