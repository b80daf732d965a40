package dev.ligature.internal.rows;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.ligature.internal.adapter.FactorPair;
import dev.ligature.internal.rows.BatchRule.Way;
import dev.ligature.internal.rows.FactorStackCache.Stacks;
import dev.ligature.internal.rows.RowGroups.Mask;
import dev.ligature.internal.slot.Slot;
import dev.ligature.internal.slot.SlotCall;
import java.util.EnumMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The arrays of one pass of a mixed batch, for all slots: row indices, masks, leased stacks. */
final class RowsPass {
    private final RowGroups rows;
    private final NDManager manager;
    private final Function<Way, @Nullable Stacks> lease;
    private final IdentityHashMap<Mask, NDArray> masks = new IdentityHashMap<>();
    private final IdentityHashMap<Mask, NDArray> scalings = new IdentityHashMap<>();
    private final Map<Way, Stacks> stacks = new EnumMap<>(Way.class);
    private @Nullable StackRows stackRows;
    private @Nullable NDArray order;
    private @Nullable NDArray inverse;

    /**
     * Creates the state of a pass.
     *
     * @param lease leases the stacks of a way; null where there can be none
     */
    RowsPass(RowGroups rows, NDManager manager, Function<Way, @Nullable Stacks> lease) {
        this.rows = rows;
        this.manager = manager;
        this.lease = lease;
    }

    RowGroups rows() {
        return rows;
    }

    /** Throws if axis 0 of an input is not the rows of the routing. */
    void checkRows(SlotCall call) {
        for (NDArray input : call.inputs()) {
            Shape shape = input.getShape();
            if (shape.dimension() == 0 || shape.get(0) != rows.size()) {
                throw RowsMessage.MISMATCH.error(call.slot().name(), shape, rows.size());
            }
        }
    }

    /** Returns the rows sorted by group, (B, …) to (B, …); the same array if they are. */
    NDArray sorted(NDArray batch) {
        if (rows.isSorted()) {
            return batch;
        }
        if (order == null) {
            order = manager.create(rows.order()); // (B)
        }
        return batch.get(order);
    }

    /** Returns sorted rows in the batch's order; the same array if they are. */
    NDArray restored(NDArray sorted) {
        if (rows.isSorted()) {
            return sorted;
        }
        if (inverse == null) {
            inverse = manager.create(rows.inverse()); // (B)
        }
        return sorted.get(inverse);
    }

    /** Returns the array of a mask, (B, 1, R). */
    NDArray mask(Mask mask) {
        return masks.computeIfAbsent(mask, made -> rows.create(made, manager));
    }

    /** Returns the array of a mask for rows of one token, (B, R). */
    NDArray scaling(Mask mask) {
        return scalings.computeIfAbsent(
                mask, made -> mask(made).reshape(rows.size(), -1)); // a view
    }

    /** Returns which of the stacked factors each row uses. */
    StackRows stackRows() {
        if (stackRows == null) {
            stackRows = new StackRows(rows, manager);
        }
        return stackRows;
    }

    /** Returns the stacked factors of a slot's pairs; null where an adapter is being trained. */
    @Nullable FactorStack stack(Way way, Slot slot, List<@Nullable FactorPair> pairs) {
        Stacks leased = stacks.get(way);
        if (leased == null) {
            leased = lease.apply(way);
            if (leased == null) {
                return null;
            }
            stacks.put(way, leased);
        }
        return leased.at(slot, pairs);
    }

    /** Ends the use of the stacks. */
    void end() {
        stacks.values().forEach(Stacks::exit);
    }
}
