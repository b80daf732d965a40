package dev.ligature.internal.rows;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.ligature.Routing;
import dev.ligature.internal.adapter.AdapterArray;
import dev.ligature.internal.effect.BoundAdapter;
import dev.ligature.internal.effect.SlotEffect;
import dev.ligature.internal.slot.Slot;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The rows of a batch, sorted by the adapter that they go through. */
final class RowGroups {
    private final List<Group> groups;
    private final List<Group> allByHandle;
    private final List<Group> byHandle;
    private final long[] order;
    private final long[] inverse;
    private final boolean sorted;

    private RowGroups(List<Group> groups, long[] order, long[] inverse, boolean sorted) {
        this.groups = List.copyOf(groups);
        this.allByHandle = groups.stream().sorted(Comparator.comparingLong(Group::handle)).toList();
        this.byHandle = allByHandle.stream().filter(group -> group.adapter() != null).toList();
        this.order = order;
        this.inverse = inverse;
        this.sorted = sorted;
    }

    /**
     * The rows of one adapter.
     *
     * @param adapter the adapter; null for the base alone
     * @param from where its rows begin in the order
     */
    record Group(@Nullable BoundAdapter adapter, int from, int to) {
        int size() {
            return to - from;
        }

        /** Returns the index of its rows in the order. */
        NDIndex index() {
            return new NDIndex().addSliceDim(from, to);
        }

        /** Returns the adapter's handle; 0 for the base alone. */
        long handle() {
            return adapter == null ? 0 : adapter.adapter().handle();
        }

        /** Returns what the adapter does at a slot; null where it does nothing. */
        @Nullable SlotEffect effectAt(Slot slot) {
            return adapter == null ? null : adapter.effectAt(slot);
        }
    }

    /**
     * Which columns of factors side by side each row uses, and by what they are multiplied. A mask
     * of equal parts is equal, so that modules of the same ranks share one array.
     *
     * @param parts the columns of each adapter, in the order in which they stand side by side
     */
    record Mask(List<Columns> parts, DataType type) {
        Mask {
            parts = List.copyOf(parts);
        }
    }

    /** The columns of one adapter. */
    record Columns(Group group, int rank, double scaling) {}

    /**
     * Sorts rows.
     *
     * @param rows the adapter of each row; null for the base alone
     */
    static RowGroups of(List<@Nullable BoundAdapter> rows) {
        Map<Object, List<Integer>> byAdapter = new LinkedHashMap<>();
        for (int row = 0; row < rows.size(); row++) {
            BoundAdapter adapter = rows.get(row);
            byAdapter
                    .computeIfAbsent(adapter == null ? "" : adapter, a -> new ArrayList<>())
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
                            entry.getKey() instanceof BoundAdapter adapter ? adapter : null,
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
        return byHandle;
    }

    /** Returns all groups by their handles, that of the base alone first. */
    List<Group> allByHandle() {
        return allByHandle;
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

    /**
     * Creates the array of a mask.
     *
     * @return (B, 1, R), R the sum of the ranks: each row's scaling at the columns of its adapter,
     *     else 0
     */
    NDArray create(Mask mask, NDManager manager) {
        int ranks = mask.parts().stream().mapToInt(Columns::rank).sum();
        double[] values = new double[size() * ranks];
        int column = 0;
        for (Columns part : mask.parts()) {
            for (int at = part.group().from(); at < part.group().to(); at++) {
                int from = (int) order[at] * ranks + column;
                Arrays.fill(values, from, from + part.rank(), part.scaling());
            }
            column += part.rank();
        }
        return AdapterArray.create(values, new Shape(size(), 1, ranks), mask.type(), manager);
    }

    /** Returns the adapters of the rows, for messages. */
    String label() {
        return groups.stream()
                .map(Group::adapter)
                .map(adapter -> adapter == null ? Routing.BASE : adapter.adapter().name())
                .collect(Collectors.joining(", "));
    }
}
