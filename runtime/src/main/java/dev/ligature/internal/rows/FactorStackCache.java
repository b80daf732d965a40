package dev.ligature.internal.rows;

import ai.djl.ndarray.NDManager;
import dev.ligature.internal.adapter.AdapterState;
import dev.ligature.internal.slot.Slots;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Keeps the stacked factors that were used last, within a number of bytes. What a request is using
 * is freed when it ends.
 */
public final class FactorStackCache {
    private final Slots slots;
    private final Supplier<NDManager> managers;
    private final Map<StackKey, RowStacks> kept = new LinkedHashMap<>(16, 0.75f, true);
    private long budget; // guarded by this, as the others
    private long used;

    /**
     * Creates an empty cache.
     *
     * @param slots those of the model
     * @param budget the bytes to keep
     * @param managers makes the owner of new arrays
     */
    public FactorStackCache(Slots slots, long budget, Supplier<NDManager> managers) {
        this.slots = slots;
        this.budget = budget;
        this.managers = managers;
    }

    synchronized long budget() {
        return budget;
    }

    /** Changes the bytes to keep; what is too much is freed. */
    public synchronized void setBudget(long bytes) {
        budget = bytes;
        shrink();
    }

    /**
     * Returns stacks, which the caller has entered. New ones are kept unless an adapter was removed
     * meanwhile.
     *
     * @param version how often the adapters have changed; stacks of another version are freed
     * @param bytes what new ones will take
     */
    synchronized RowStacks lease(StackKey key, long version, long bytes) {
        RowStacks known = kept.get(key);
        if (known != null && known.version() == version) {
            return entered(known);
        }
        drop(key);
        RowStacks made = entered(new RowStacks(slots, version, bytes, managers.get()));
        if (key.isRemoved()) {
            made.close();
        } else {
            kept.put(key, made);
            used += bytes;
            shrink();
        }
        return made;
    }

    private static RowStacks entered(RowStacks stacks) {
        if (!stacks.enter()) {
            throw new IllegalStateException("Stacks that are kept are closed");
        }
        return stacks;
    }

    private void drop(StackKey key) {
        RowStacks stacks = kept.remove(key);
        if (stacks != null) {
            used -= stacks.bytes();
            stacks.close();
        }
    }

    /** Frees all stacks that an adapter is in. */
    public synchronized void drop(AdapterState adapter) {
        for (StackKey key : List.copyOf(kept.keySet())) {
            if (key.has(adapter)) {
                drop(key);
            }
        }
    }

    private void shrink() {
        for (StackKey eldest : List.copyOf(kept.keySet())) {
            if (used <= budget) {
                return;
            }
            drop(eldest);
        }
    }
}
