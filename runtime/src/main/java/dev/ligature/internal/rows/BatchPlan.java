package dev.ligature.internal.rows;

import ai.djl.nn.Parameter;
import dev.ligature.internal.adapter.FactorPair;
import dev.ligature.internal.route.Route;
import dev.ligature.internal.rows.BatchRule.Way;
import dev.ligature.internal.slot.Slot;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What the adapters of a batch do at every slot.
 *
 * @param bySlot by the slot's index
 * @param touched the parameters that an adapter changes
 * @param bytes what the stacked factors of all slots take, by the way that they are used
 */
record BatchPlan(List<SlotPlan> bySlot, Set<Parameter> touched, Map<Way, Long> bytes) {
    /** Copies the list. */
    BatchPlan {
        bySlot = List.copyOf(bySlot);
    }

    /** Decides for all slots; where the stacks of all would not fit, none are made. */
    static BatchPlan of(PerRowRoute route, RowGroups rows, BatchRule rule) {
        List<SlotPlan> bySlot = new ArrayList<>();
        Map<RowMask, RowMask> masks = new HashMap<>();
        Set<List<FactorPair>> stacked = new HashSet<>();
        Map<Way, Long> bytes = new EnumMap<>(Way.class);
        for (Slot slot : route.slots().all()) {
            SlotPlan mixed = SlotPlan.of(slot, rows, rule, masks);
            bySlot.add(mixed);
            if (stacked.add(mixed.pairs())) {
                bytes.merge(mixed.way(), mixed.bytes(), Long::sum);
            }
        }
        Set<Parameter> touched = Route.touched(route.bindings());
        return bytes.values().stream().mapToLong(each -> each).sum() <= rule.budget()
                ? new BatchPlan(bySlot, touched, bytes)
                : new BatchPlan(
                        bySlot.stream().map(SlotPlan::inSegments).toList(), touched, Map.of());
    }

    SlotPlan at(Slot slot) {
        return bySlot.get(slot.index());
    }
}
