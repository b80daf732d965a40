package dev.ligature.internal.rows;

import ai.djl.ndarray.NDManager;
import dev.ligature.internal.adapter.FactorPair;
import dev.ligature.internal.adapter.RefCount;
import dev.ligature.internal.rows.BatchRule.Way;
import dev.ligature.internal.slot.Slot;
import dev.ligature.internal.slot.Slots;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Stacked factors, made when a slot first asks; freed after the last use. */
public final class RowStacks {
    private final long version;
    private final long bytes;
    private final NDManager manager;
    private final RefCount uses;
    private final Map<List<@Nullable FactorPair>, FactorStack> byPairs = new HashMap<>();
    private final @Nullable FactorStack[] bySlot; // read without the lock: records are whole

    /**
     * Creates an empty collection.
     *
     * @param slots those of the model
     * @param version how often the adapters had changed by now
     * @param bytes what the factors of all slots will take
     * @param manager the owner of the arrays, closed with this
     */
    RowStacks(Slots slots, long version, long bytes, NDManager manager) {
        this.version = version;
        this.bytes = bytes;
        this.manager = manager;
        this.uses = new RefCount(manager::close);
        this.bySlot = new FactorStack[slots.all().size()];
    }

    long version() {
        return version;
    }

    long bytes() {
        return bytes;
    }

    /** Begins a use, which lasts until {@link #exit}; false if these are closed. */
    boolean enter() {
        return uses.enter();
    }

    public void exit() {
        uses.exit();
    }

    /** Frees the arrays when the last use has ended. */
    void close() {
        uses.close();
    }

    /** Returns the factors of a slot's pairs; slots that are tied have the same. */
    FactorStack at(Slot slot, SlotPlan mixed) {
        FactorStack known = bySlot[slot.index()];
        return known == null ? make(slot, mixed) : known;
    }

    private synchronized FactorStack make(Slot slot, SlotPlan mixed) {
        FactorStack made =
                byPairs.computeIfAbsent(
                        mixed.pairs(),
                        pairs ->
                                mixed.way() == Way.MASKED
                                        ? FactorStack.sideBySide(pairs, manager)
                                        : FactorStack.byRow(pairs, manager));
        bySlot[slot.index()] = made;
        return made;
    }
}
