package dev.ligature.internal.effect;

import static dev.ligature.internal.adapter.AdapterArray.attached;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import dev.ligature.block.AdaptableBlock;
import dev.ligature.block.TiedLinear;
import dev.ligature.internal.slot.Slot;
import dev.ligature.internal.slot.SlotCall;
import dev.ligature.internal.slot.SlotParameter;
import dev.ligature.plan.ModuleKind;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a block adds to x Wᵀ. A user's linear layer may have its bias in any parameter, and others
 * of that type, so it is asked for its output of zeros.
 */
public final class OutputBias {
    private OutputBias() {}

    /** Returns the bias of the block of a call, (out); null where it has none. */
    static @Nullable NDArray of(SlotCall call, NDArray y) {
        Slot slot = call.slot();
        if (isUsers(slot)) {
            return ofZeros(call);
        }
        Parameter bias = slot.bias();
        return bias == null ? null : call.store().getValue(bias, y.getDevice(), false);
    }

    private static boolean isUsers(Slot slot) {
        return slot.kind() == ModuleKind.LINEAR
                && slot.base() instanceof AdaptableBlock
                && !(slot.base() instanceof TiedLinear);
    }

    private static NDArray ofZeros(SlotCall call) {
        NDArray x = call.inputs().head(); // (…, in)
        long[] shape = x.getShape().getShape().clone();
        Arrays.fill(shape, 0, shape.length - 1, 1);
        NDArray zeros = call.manager().zeros(new Shape(shape), x.getDataType()); // (1…, in)
        NDArray output = call.with(new NDList(zeros)).base().singletonOrThrow(); // (1…, out)
        return attached(output.reshape(-1), call.manager());
    }

    /**
     * Returns the parameter that a block adds to x Wᵀ; null if it has none, or if it is not known
     * which one.
     */
    public static @Nullable Parameter parameterOf(Slot slot, NDManager manager) {
        Parameter weight = slot.weight();
        if (weight == null || !isUsers(slot)) {
            return slot.bias();
        }
        try (NDManager scope = manager.newSubManager()) {
            NDArray w = weight.getArray();
            boolean transposed = ((AdaptableBlock) slot.base()).isWeightTransposed();
            NDArray x =
                    scope.zeros(
                            new Shape(1, w.getShape().get(transposed ? 0 : 1)), w.getDataType());
            ParameterStore store = new ParameterStore(scope, false);
            NDArray added = ofZeros(new SlotCall(slot, store, new NDList(x), false, null)); // (out)
            List<Parameter> equal =
                    slot.parameters().stream()
                            .map(SlotParameter::parameter)
                            .filter(p -> p.getType() == Parameter.Type.BIAS)
                            .filter(p -> isEqual(p.getArray(), added))
                            .toList();
            return equal.size() == 1 ? equal.get(0) : null;
        }
    }

    private static boolean isEqual(NDArray bias, NDArray added) {
        return bias.getShape().equals(added.getShape())
                && bias.getDataType() == added.getDataType()
                && bias.contentEquals(added);
    }
}
