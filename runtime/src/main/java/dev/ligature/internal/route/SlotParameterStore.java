package dev.ligature.internal.route;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import dev.ligature.internal.slot.ForwardingParameterStore;
import dev.ligature.internal.slot.Slot;
import org.jspecify.annotations.Nullable;

/**
 * The store that the block of one slot gets: the base's values of what its slot takes care of, and
 * of all else what the pass has, so that a block inside a composite that reads the weight of
 * another slot gets W + ΔW.
 */
final class SlotParameterStore extends ForwardingParameterStore {
    private final Slot slot;
    private final RoutedParameterStore pass;
    private final @Nullable Coverage reach;

    /**
     * Creates a store.
     *
     * @param reach takes note of what is asked for; null where nobody wants to know
     */
    SlotParameterStore(Slot slot, RoutedParameterStore pass, @Nullable Coverage reach) {
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
