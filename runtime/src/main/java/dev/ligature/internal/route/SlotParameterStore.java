package dev.ligature.internal.route;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import dev.ligature.internal.slot.ForwardingParameterStore;
import dev.ligature.internal.slot.Slot;

/**
 * The parameter store of one slot's base block: base values of parameters that the slot adapts
 * itself, adapted values of all others. So a block inside a composite that reads the weight of
 * another slot gets W + ΔW.
 */
final class SlotParameterStore extends ForwardingParameterStore {
    private final Slot slot;
    private final ParameterStore raw;
    private final ParameterStore pass;
    private final SlotReads reads;

    SlotParameterStore(
            Slot slot,
            ParameterStore raw,
            ParameterStore pass,
            NDManager manager,
            SlotReads reads) {
        super(pass, manager);
        this.slot = slot;
        this.raw = raw;
        this.pass = pass;
        this.reads = reads;
    }

    @Override
    public NDArray getValue(Parameter parameter, Device device, boolean training) {
        ParameterStore store = reads.isOwn(slot, parameter) ? raw : pass;
        return store.getValue(parameter, device, training);
    }
}
