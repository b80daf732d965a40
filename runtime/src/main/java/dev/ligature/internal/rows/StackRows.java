package dev.ligature.internal.rows;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.ligature.internal.rows.RowGroups.Group;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which of the factors that are stacked by adapter each row of a pass uses.
 *
 * <p>The rows have to meet their factors. Either each row gets a copy of its factors, or the rows
 * are put in places: c for each of the n adapters, as many as the most rows of one.
 */
final class StackRows {
    private final long[] items;
    private final long[] rows;
    private final long[] places;
    private final NDManager manager;
    private @Nullable NDArray itemArray;
    private @Nullable NDArray rowArray;
    private @Nullable NDArray placeArray;

    /** Numbers the rows of groups in the order of the stack. */
    StackRows(RowGroups groups, NDManager manager) {
        this.manager = manager;
        List<Group> inOrder = groups.allByHandle();
        int most = inOrder.stream().mapToInt(Group::size).max().orElse(0);
        items = new long[groups.size()];
        places = new long[groups.size()];
        rows = new long[inOrder.size() * most];
        for (int item = 0; item < inOrder.size(); item++) {
            Group group = inOrder.get(item);
            int first = item * most;
            // Where an adapter has fewer rows, one of its rows stands again.
            Arrays.fill(rows, first, first + most, groups.order()[group.from()]);
            for (int at = 0; at < group.size(); at++) {
                int row = (int) groups.order()[group.from() + at];
                items[row] = item;
                places[row] = (long) first + at;
                rows[first + at] = row;
            }
        }
    }

    /** Returns whether row i uses item i, for all rows and items. */
    boolean isInOrder() {
        if (rows.length != items.length) {
            return false;
        }
        for (int row = 0; row < items.length; row++) {
            if (items[row] != row) {
                return false;
            }
        }
        return true;
    }

    /**
     * Returns whether to put the rows in places copies fewer numbers than to give each row its
     * factors.
     *
     * @param tokens the number N of tokens of a row
     * @param rank the rank r of the stack
     */
    boolean isCheaperByPlace(long tokens, long rank, long in, long out) {
        long batch = items.length;
        return tokens * (rows.length * in + batch * out) < batch * rank * (in + out);
    }

    /** Returns where each row's factors are in the stack, (B). */
    NDArray items() {
        if (itemArray == null) {
            itemArray = manager.create(items);
        }
        return itemArray;
    }

    /** Returns the row at each place, (n · c). */
    NDArray rows() {
        if (rowArray == null) {
            rowArray = manager.create(rows);
        }
        return rowArray;
    }

    /** Returns the place of each row, (B). */
    NDArray places() {
        if (placeArray == null) {
            placeArray = manager.create(places);
        }
        return placeArray;
    }
}
