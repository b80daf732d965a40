package dev.ligature.internal.route;

import ai.djl.nn.Parameter;
import dev.ligature.internal.effect.BoundAdapter;
import dev.ligature.internal.effect.SlotEffect;
import dev.ligature.internal.slot.Slot;
import dev.ligature.internal.slot.Slots;
import dev.ligature.plan.ModuleKind;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/**
 * Which values the base block of each slot reads in passes of a route; decided when the route is
 * made. A slot adapts parameters of its own, so its block needs the base's values of these. All
 * others are adapted by the pass, as W + ΔW.
 *
 * <pre>
 * block of the slot                        its own parameters   all others    access
 * linear, convolution or embedding that
 * reads its weight and its bias alone      base's               reads none    RAW
 * any other, none of its own adapted       as the pass          as the pass   PASS
 * any other, some of its own adapted       base's               as the pass   OWN_RAW
 * </pre>
 */
public final class SlotReads {
    private final List<BoundAdapter> adapters;
    private final Set<Parameter> touched = Collections.newSetFromMap(new IdentityHashMap<>());
    private final Access[] bySlot;

    /** What the block of a slot reads from. */
    enum Access {
        /** The caller's store. */
        RAW,
        /** The pass's store, which adapts what the adapters touch. */
        PASS,
        /** The caller's store for parameters that the slot adapts, the pass's for all others. */
        OWN_RAW
    }

    /** Decides for all slots of a model. */
    public SlotReads(Slots slots, List<BoundAdapter> adapters) {
        this.adapters = adapters;
        for (BoundAdapter adapter : adapters) {
            adapter.touched().forEach(touched::add);
        }
        bySlot = slots.all().stream().map(this::choose).toArray(Access[]::new);
    }

    private Access choose(Slot slot) {
        if (slot.kind() != ModuleKind.OTHER && slot.readsWeightAlone()) {
            return Access.RAW;
        }
        Parameter weight = slot.weight();
        boolean own =
                (weight != null && touched.contains(weight))
                        || adapters.stream().anyMatch(adapter -> adapter.effectAt(slot) != null);
        return own ? Access.OWN_RAW : Access.PASS;
    }

    /** Returns whether an adapter changes a parameter. */
    boolean touches(Parameter parameter) {
        return touched.contains(parameter);
    }

    Access access(Slot slot) {
        return bySlot[slot.index()];
    }

    /** Returns whether a slot adapts a parameter itself, so that its block gets the base's. */
    boolean isOwn(Slot slot, Parameter parameter) {
        if (parameter == slot.weight()) {
            return true;
        }
        for (BoundAdapter adapter : adapters) {
            SlotEffect effect = adapter.effectAt(slot);
            if (effect != null && effect.effectOn(parameter) != null) {
                return true;
            }
        }
        return false;
    }
}
