package dev.ligature;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import org.jspecify.annotations.Nullable;

/**
 * The store that the block of one slot gets: the base's values of what its slot takes care of, and
 * of all else what the pass has, so that a block inside a composite that reads the weight of
 * another slot gets W + ΔW.
 */
final class SlotStore extends ForwardingStore {
    private final Slot slot;
    private final RoutedStore pass;
    private final @Nullable Reach reach;

    /**
     * Creates a store.
     *
     * @param reach takes note of what is asked for; null where nobody wants to know
     */
    SlotStore(Slot slot, RoutedStore pass, @Nullable Reach reach) {
        super(pass, pass.getManager());
        this.slot = slot;
        this.pass = pass;
        this.reach = reach;
    }

    @Override
    public NDArray getValue(Parameter parameter, Device device, boolean training) {
        if (reach != null && parameter != null) {
            reach.ask(slot, parameter);
        }
        ParameterStore store = pass.isOwn(slot, parameter) ? pass.raw() : pass;
        return store.getValue(parameter, device, training);
    }
}
