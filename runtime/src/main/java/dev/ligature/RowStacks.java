package dev.ligature;

import ai.djl.ndarray.NDManager;
import dev.ligature.MixedBatchRule.Way;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The stacked factors of one routing, made when a slot first asks; freed after the last use. */
final class RowStacks {
    private final RowsRoute route;
    private final long version;
    private final NDManager manager;
    private final UseCount uses;
    private final Map<List<@Nullable FactorPair>, RowStack> byPairs = new HashMap<>();
    private final @Nullable RowStack[] bySlot; // read without the lock: records are whole

    /**
     * Creates an empty collection.
     *
     * @param version how often the adapters had changed by now
     * @param manager the owner of the arrays, closed with this
     */
    RowStacks(RowsRoute route, long version, NDManager manager) {
        this.route = route;
        this.version = version;
        this.manager = manager;
        this.uses = new UseCount(manager::close);
        this.bySlot = new RowStack[route.slots().all().size()];
    }

    RowsRoute route() {
        return route;
    }

    long version() {
        return version;
    }

    /** Begins a use, which lasts until {@link #exit}; false if these are closed. */
    boolean enter() {
        return uses.enter();
    }

    void exit() {
        uses.exit();
    }

    /** Frees the arrays when the last use has ended. */
    void close() {
        uses.close();
    }

    /** Returns the factors of a slot's pairs; slots that are tied have the same. */
    RowStack at(Slot slot, MixedSlot mixed, RowGroups rows) {
        RowStack known = bySlot[slot.index()];
        return known == null ? make(slot, mixed, rows) : known;
    }

    private synchronized RowStack make(Slot slot, MixedSlot mixed, RowGroups rows) {
        RowStack made =
                byPairs.computeIfAbsent(
                        mixed.pairs(),
                        pairs ->
                                mixed.way() == Way.MASKED
                                        ? RowStack.masked(rows, pairs, manager)
                                        : RowStack.stacked(rows, pairs, manager));
        bySlot[slot.index()] = made;
        return made;
    }
}
