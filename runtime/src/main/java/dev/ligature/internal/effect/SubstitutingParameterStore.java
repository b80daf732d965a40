package dev.ligature.internal.effect;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import dev.ligature.internal.adapter.Values;
import dev.ligature.internal.slot.ForwardingParameterStore;
import dev.ligature.internal.slot.SlotCall;
import dev.ligature.ops.PackedArray;
import java.util.IdentityHashMap;

/** Gives a base block adapted values of some of its parameters, and records which it asks for. */
final class SubstitutingParameterStore extends ForwardingParameterStore {
    private final SlotCall call;
    private final NDManager manager;
    private final IdentityHashMap<Parameter, WeightEffect> replaced;
    private final Values values;

    /**
     * Creates a store over that of a call.
     *
     * @param call the call of the block's slot
     * @param manager the owner of what is computed
     */
    SubstitutingParameterStore(
            SlotCall call,
            NDManager manager,
            IdentityHashMap<Parameter, WeightEffect> replaced,
            Values values) {
        super(call.store(), manager);
        this.call = call;
        this.manager = manager;
        this.replaced = replaced;
        this.values = values;
    }

    @Override
    public NDArray getValue(Parameter parameter, Device device, boolean training) {
        NDArray w = call.store().getValue(parameter, device, training);
        WeightEffect effect = replaced.get(parameter);
        if (effect == null) {
            return w;
        }
        call.slot().ask(parameter);
        NDArray plain = PackedArray.plain(w, manager);
        return effect.apply(plain, plain, values, manager);
    }
}
