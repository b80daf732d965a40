package dev.ligature;

import ai.djl.nn.Parameter;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What the adapters of a batch do at every slot.
 *
 * @param bySlot by the slot's index
 * @param touched the parameters that an adapter changes
 * @param bytes what the stacked factors of all slots take
 */
record MixedSlots(List<MixedSlot> bySlot, Set<Parameter> touched, long bytes) {
    /** Copies the list. */
    MixedSlots {
        bySlot = List.copyOf(bySlot);
    }

    /** Decides for all slots; where the stacks of all would not fit, none are made. */
    static MixedSlots of(RowsRoute route, RowGroups rows, MixedBatchRule rule) {
        List<MixedSlot> bySlot = new ArrayList<>();
        Set<List<FactorPair>> stacked = new HashSet<>();
        long bytes = 0;
        for (Slot slot : route.slots().all()) {
            MixedSlot mixed = MixedSlot.of(slot, rows, rule);
            bySlot.add(mixed);
            if (stacked.add(mixed.pairs())) {
                bytes += mixed.bytes();
            }
        }
        Set<Parameter> touched = Route.touched(route.bindings());
        return bytes <= rule.budget()
                ? new MixedSlots(bySlot, touched, bytes)
                : new MixedSlots(bySlot.stream().map(MixedSlot::inSegments).toList(), touched, 0);
    }

    MixedSlot at(Slot slot) {
        return bySlot.get(slot.index());
    }
}
