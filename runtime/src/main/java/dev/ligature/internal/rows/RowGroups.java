package dev.ligature.internal.rows;

import dev.ligature.internal.effect.BoundAdapter;
import dev.ligature.internal.effect.SlotEffect;
import dev.ligature.internal.slot.Slot;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The rows of a batch, sorted by the adapter that they go through. */
final class RowGroups {
    private final List<Group> groups;
    private final long[] order;
    private final long[] inverse;
    private final boolean sorted;

    private RowGroups(List<Group> groups, long[] order, long[] inverse, boolean sorted) {
        this.groups = List.copyOf(groups);
        this.order = order;
        this.inverse = inverse;
        this.sorted = sorted;
    }

    /**
     * The rows of one adapter.
     *
     * @param binding the adapter; null for the base alone
     * @param from where its rows begin in the order
     * @param to where they end
     */
    record Group(@Nullable BoundAdapter binding, int from, int to) {
        int size() {
            return to - from;
        }

        /** Returns the adapter's handle; 0 for the base alone. */
        long handle() {
            return binding == null ? 0 : binding.adapter().handle();
        }

        /** Returns what the adapter does at a slot; null where it does nothing. */
        @Nullable SlotEffect at(Slot slot) {
            return binding == null ? null : binding.at(slot);
        }
    }

    /**
     * Sorts rows.
     *
     * @param rows the adapter of each row; null for the base alone
     */
    static RowGroups of(List<@Nullable BoundAdapter> rows) {
        Map<Object, List<Integer>> byAdapter = new LinkedHashMap<>();
        for (int row = 0; row < rows.size(); row++) {
            BoundAdapter binding = rows.get(row);
            byAdapter
                    .computeIfAbsent(binding == null ? "" : binding, b -> new ArrayList<>())
                    .add(row);
        }
        List<Group> groups = new ArrayList<>();
        long[] order = new long[rows.size()];
        long[] inverse = new long[rows.size()];
        int at = 0;
        boolean sorted = true;
        for (Map.Entry<Object, List<Integer>> entry : byAdapter.entrySet()) {
            int from = at;
            for (int row : entry.getValue()) {
                sorted &= row == at;
                order[at] = row;
                inverse[row] = at++;
            }
            groups.add(
                    new Group(
                            entry.getKey() instanceof BoundAdapter binding ? binding : null,
                            from,
                            at));
        }
        return new RowGroups(groups, order, inverse, sorted);
    }

    /**
     * Returns a group for each adapter that a row has, and one for the rows without, in their first
     * order.
     */
    List<Group> groups() {
        return groups;
    }

    /**
     * Returns the groups that have an adapter, by the adapters' handles: the same adapters in other
     * rows are in the same order.
     */
    List<Group> byHandle() {
        return groups.stream()
                .filter(group -> group.binding() != null)
                .sorted(Comparator.comparingLong(Group::handle))
                .toList();
    }

    /** Returns the rows, group after group; the same array each time. */
    long[] order() {
        return order;
    }

    /** Returns where each row stands in the order; the same array each time. */
    long[] inverse() {
        return inverse;
    }

    /** Returns whether the order is the batch's own. */
    boolean isSorted() {
        return sorted;
    }

    /** Returns the number of rows. */
    int size() {
        return order.length;
    }
}
