package dev.ligature.internal.rows;

import dev.ligature.internal.adapter.FactorPair;
import dev.ligature.internal.route.SlotReads;
import dev.ligature.internal.rows.BatchRule.Way;
import dev.ligature.internal.rows.RowGroups.Mask;
import dev.ligature.internal.rows.SlotPlan.Together;
import dev.ligature.internal.slot.Slot;
import dev.ligature.internal.slot.Slots;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the adapters of a batch do at every slot.
 *
 * @param bySlot by the slot's index
 * @param reads which values the base blocks read
 */
record BatchPlan(List<SlotPlan> bySlot, SlotReads reads, Map<Way, Long> bytes) {
    BatchPlan {
        bySlot = List.copyOf(bySlot);
    }

    /** Decides for all slots; where the stacks of all would not fit, none are made. */
    static BatchPlan of(Slots slots, SlotReads reads, RowGroups rows, BatchRule rule) {
        List<SlotPlan> bySlot = new ArrayList<>();
        Map<Mask, Mask> masks = new HashMap<>();
        Set<List<@Nullable FactorPair>> counted = new HashSet<>();
        Map<Way, Long> bytes = new EnumMap<>(Way.class);
        for (Slot slot : slots.all()) {
            SlotPlan plan = SlotPlan.of(slot, rows, rule, masks);
            bySlot.add(plan);
            if (plan instanceof Together together && counted.add(together.pairs())) {
                bytes.merge(together.way(), together.bytes(), Long::sum);
            }
        }
        return bytes.values().stream().mapToLong(each -> each).sum() <= rule.budget()
                ? new BatchPlan(bySlot, reads, bytes)
                : new BatchPlan(
                        bySlot.stream().map(SlotPlan::withoutStacks).toList(), reads, Map.of());
    }

    SlotPlan at(Slot slot) {
        return bySlot.get(slot.index());
    }
}
