package dev.ligature.internal.route;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.internal.effect.BoundAdapter;
import dev.ligature.internal.effect.SlotEffect;
import dev.ligature.internal.rows.BatchRule.Way;
import dev.ligature.internal.rows.PerRowRoute;
import dev.ligature.internal.rows.RowMask;
import dev.ligature.internal.rows.RowStacks;
import dev.ligature.internal.slot.ForwardingParameterStore;
import dev.ligature.internal.slot.Slot;
import dev.ligature.internal.slot.SlotCall;
import dev.ligature.internal.slot.Slots;
import dev.ligature.plan.ModuleKind;
import java.util.EnumMap;
import java.util.IdentityHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The parameter store of one forward pass: it carries the adapter of the request to the slots, and
 * delegates to the caller's store.
 *
 * <p>Slots give their base block the caller's values of what the slot itself takes care of. Whoever
 * else asks for an adapted weight, such as a head written as a matrix product or a block inside a
 * composite that is tied to another slot, gets W + ΔW.
 */
public final class RoutedParameterStore extends ForwardingParameterStore {
    private final ParameterStore raw;
    private final NDManager manager;
    private final Route route;
    private final @Nullable Coverage reach;
    private @Nullable IdentityHashMap<Parameter, NDArray> views;
    private @Nullable IdentityHashMap<long[], NDArray> indices;
    private @Nullable IdentityHashMap<RowMask, NDArray> masks;
    private @Nullable Map<Way, RowStacks> stacks;

    RoutedParameterStore(ParameterStore raw, NDManager manager, Route route) {
        // The manager of the request, and not the caller's, which may live for ever.
        super(raw, manager);
        this.raw = raw;
        this.manager = manager;
        this.route = route;
        this.reach = route.wasReached() ? null : new Coverage(route.slots());
    }

    public boolean isOf(Slots slots) {
        return route.slots() == slots;
    }

    public ParameterStore raw() {
        return raw;
    }

    /** Returns the output of a slot, as the adapters have it. */
    public NDList forward(
            Slot slot, NDList inputs, boolean training, @Nullable PairList<String, Object> params) {
        if (reach != null) {
            reach.call(slot);
        }
        return route.forward(slot, new SlotCall(storeOf(slot), inputs, training, params), this);
    }

    private ParameterStore storeOf(Slot slot) {
        if (slot.kind() != ModuleKind.OTHER) {
            // Such a block reads its weight and its bias, which are the slot's own.
            return reach == null ? raw : new SlotParameterStore(slot, this, reach);
        }
        return reach == null && !ownsAny(slot) ? this : new SlotParameterStore(slot, this, reach);
    }

    private boolean ownsAny(Slot slot) {
        if (slot.weight() != null && route.touches(slot.weight())) {
            return true;
        }
        for (BoundAdapter binding : route.bindings()) {
            if (binding.at(slot) != null) {
                return true;
            }
        }
        return false;
    }

    /** Returns whether a slot takes care of a parameter, so that its block gets the base's. */
    boolean isOwn(Slot slot, Parameter parameter) {
        if (parameter == slot.weight()) {
            return true;
        }
        for (BoundAdapter binding : route.bindings()) {
            SlotEffect effect = binding.at(slot);
            if (effect != null && effect.on(parameter) != null) {
                return true;
            }
        }
        return false;
    }

    @Override
    public NDArray getValue(Parameter parameter, Device device, boolean training) {
        if (parameter == null || !route.touches(parameter)) {
            return raw.getValue(parameter, device, training);
        }
        if (views == null) {
            views = new IdentityHashMap<>();
        }
        return views.computeIfAbsent(parameter, weight -> view(weight, device, training));
    }

    private NDArray view(Parameter weight, Device device, boolean training) {
        if (reach != null) {
            reach.askPast(weight);
        }
        return route.view(weight, raw.getValue(weight, device, training), training, this);
    }

    /**
     * Returns indices of rows as an array, once for the pass.
     *
     * @param rows the indices; kept by identity
     */
    public NDArray index(long[] rows) {
        if (indices == null) {
            indices = new IdentityHashMap<>();
        }
        return indices.computeIfAbsent(rows, manager::create); // (rows)
    }

    /**
     * Returns a mask as an array, once for the pass.
     *
     * @param mask the mask; kept by identity
     */
    public NDArray mask(RowMask mask) {
        if (masks == null) {
            masks = new IdentityHashMap<>();
        }
        return masks.computeIfAbsent(mask, made -> made.create(manager)); // (B, 1, R)
    }

    /** Returns the stacked factors of a route for the pass; null where there can be none. */
    public @Nullable RowStacks stacks(PerRowRoute rows, Way way) {
        if (stacks == null) {
            stacks = new EnumMap<>(Way.class);
        }
        return stacks.computeIfAbsent(way, rows::lease);
    }

    /** Ends the pass. */
    void end() {
        if (stacks != null) {
            stacks.values().forEach(RowStacks::exit);
        }
    }

    void checkReached() {
        if (reach != null) {
            route.checkReached(reach);
        }
    }
}
