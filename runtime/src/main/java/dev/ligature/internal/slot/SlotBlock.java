package dev.ligature.internal.slot;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.block.ForwardingBlock;
import dev.ligature.ops.AdaptedBlock;
import dev.ligature.ops.LinearTerms;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What a field of a wrapped model holds: the base block, computed by the pass where the store is
 * that of a pass with adapters.
 */
public final class SlotBlock extends ForwardingBlock implements AdaptedBlock {
    private final Slot slot;

    SlotBlock(Slot slot) {
        this.slot = slot;
    }

    @Override
    public Block base() {
        return slot.base();
    }

    @Override
    public NDList forward(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        slot.reach();
        if (parameterStore instanceof SlotRouter pass && pass.routes(slot)) {
            return pass.forward(slot, inputs, training, params);
        }
        return training && !slot.isPacked()
                ? base().forward(parameterStore, inputs, true, params)
                : new SlotCall(slot, parameterStore, inputs, training, params).base();
    }

    @Override
    public @Nullable LinearTerms linear(ParameterStore store, NDArray x) {
        slot.reach();
        return store instanceof SlotRouter pass && pass.routes(slot)
                ? pass.linear(slot, x)
                : new SlotCall(slot, store, new NDList(x), false, null).terms();
    }

    @Override
    public @Nullable Block unadapted(ParameterStore store) {
        slot.reach();
        return store instanceof SlotRouter pass && pass.routes(slot) && !pass.isUnadapted(slot)
                ? null
                : base();
    }

    @Override
    public void freezeParameters(boolean freeze) {
        base().freezeParameters(freeze);
    }

    @Override
    public void freezeParameters(boolean freeze, Predicate<Parameter> predicate) {
        base().freezeParameters(freeze, predicate);
    }

    @Override
    public String toString() {
        return base().toString();
    }
}
