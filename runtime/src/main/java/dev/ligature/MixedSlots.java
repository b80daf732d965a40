package dev.ligature;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What the adapters of a batch do at every slot.
 *
 * @param bySlot by the slot's index
 * @param bytes what the stacked factors of all slots take
 */
record MixedSlots(List<MixedSlot> bySlot, long bytes) {
    /** Copies the list. */
    MixedSlots {
        bySlot = List.copyOf(bySlot);
    }

    /** Decides for all slots; where the stacks of all would not fit, none are made. */
    static MixedSlots of(Slots slots, RowGroups rows, MixedBatchRule rule) {
        List<MixedSlot> bySlot = new ArrayList<>();
        Set<List<FactorPair>> stacked = new HashSet<>();
        long bytes = 0;
        for (Slot slot : slots.all()) {
            MixedSlot mixed = MixedSlot.of(slot, rows, rule);
            bySlot.add(mixed);
            if (stacked.add(mixed.pairs())) {
                bytes += mixed.bytes();
            }
        }
        return bytes <= rule.budget()
                ? new MixedSlots(bySlot, bytes)
                : new MixedSlots(bySlot.stream().map(MixedSlot::inSegments).toList(), 0);
    }

    MixedSlot at(Slot slot) {
        return bySlot.get(slot.index());
    }
}
