package dev.ligature.internal.rows;

import ai.djl.ndarray.NDManager;
import dev.ligature.internal.adapter.AdapterState;
import dev.ligature.internal.adapter.FactorPair;
import dev.ligature.internal.adapter.RefCount;
import dev.ligature.internal.effect.BoundAdapter;
import dev.ligature.internal.rows.BatchRule.Way;
import dev.ligature.internal.slot.Slot;
import dev.ligature.internal.slot.Slots;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * An LRU cache of stacked factors, within a number of bytes. Stacks that a request uses are freed
 * when it ends. Thread-safe.
 */
public final class FactorStackCache {
    private final Slots slots;
    private final Supplier<NDManager> managers;
    private final Map<Key, Stacks> cached = new LinkedHashMap<>(16, 0.75f, true);
    private long budget; // guarded by this, as the others
    private long used;

    /**
     * Creates an empty cache.
     *
     * @param managers makes the owner of new arrays
     */
    public FactorStackCache(Slots slots, long budget, Supplier<NDManager> managers) {
        this.slots = slots;
        this.budget = budget;
        this.managers = managers;
    }

    /**
     * What stacked factors are cached under.
     *
     * @param adapters the adapters, by their handles, whichever rows they are for; of a stack with
     *     null for the base alone
     */
    record Key(Way way, List<@Nullable BoundAdapter> adapters) {
        Key {
            adapters = Collections.unmodifiableList(new ArrayList<>(adapters));
        }

        boolean has(AdapterState adapter) {
            return adapters.stream().anyMatch(a -> a != null && a.adapter() == adapter);
        }

        /** Returns whether one of the adapters was removed from the model. */
        boolean isRemoved() {
            return adapters.stream().filter(Objects::nonNull).anyMatch(BoundAdapter::isRemoved);
        }
    }

    /** The stacked factors of a key, made when a slot first asks; freed after the last use. */
    static final class Stacks {
        private final Way way;
        private final long version;
        private final long bytes;
        private final NDManager manager;
        private final RefCount uses;
        private final Map<List<@Nullable FactorPair>, FactorStack> byPairs = new HashMap<>();
        private final @Nullable FactorStack[] bySlot; // read without the lock: records are whole

        private Stacks(Key key, int slots, long version, long bytes, NDManager manager) {
            this.way = key.way();
            this.version = version;
            this.bytes = bytes;
            this.manager = manager;
            this.uses = new RefCount(manager::close);
            this.bySlot = new FactorStack[slots];
        }

        private Stacks entered() {
            if (!uses.enter()) {
                throw new IllegalStateException("Cached stacks are closed");
            }
            return this;
        }

        /** Ends a use. */
        void exit() {
            uses.exit();
        }

        /** Returns the factors of a slot's pairs; slots that are tied have the same. */
        FactorStack at(Slot slot, List<@Nullable FactorPair> pairs) {
            FactorStack known = bySlot[slot.index()];
            return known == null ? make(slot, pairs) : known;
        }

        private synchronized FactorStack make(Slot slot, List<@Nullable FactorPair> pairs) {
            FactorStack made =
                    byPairs.computeIfAbsent(
                            pairs,
                            stacked ->
                                    way == Way.MASKED
                                            ? FactorStack.sideBySide(stacked, manager)
                                            : FactorStack.inTurn(stacked, manager));
            bySlot[slot.index()] = made;
            return made;
        }
    }

    synchronized long budget() {
        return budget;
    }

    /** Changes the bytes to keep; evicts what is too much. */
    public synchronized void setBudget(long bytes) {
        budget = bytes;
        shrink();
    }

    /**
     * Returns stacks, whose use the caller has to end. New ones are cached unless an adapter was
     * removed meanwhile.
     *
     * @param version how often the adapters have changed; stacks of another version are freed
     */
    synchronized Stacks lease(Key key, long version, long bytes) {
        Stacks known = cached.get(key);
        if (known != null && known.version == version) {
            return known.entered();
        }
        evict(key);
        Stacks made = new Stacks(key, slots.all().size(), version, bytes, managers.get()).entered();
        if (key.isRemoved()) {
            made.uses.close();
        } else {
            cached.put(key, made);
            used += bytes;
            shrink();
        }
        return made;
    }

    private void evict(Key key) {
        Stacks stacks = cached.remove(key);
        if (stacks != null) {
            used -= stacks.bytes;
            stacks.uses.close();
        }
    }

    /** Evicts all stacks that an adapter is in. */
    public synchronized void evict(AdapterState adapter) {
        for (Key key : List.copyOf(cached.keySet())) {
            if (key.has(adapter)) {
                evict(key);
            }
        }
    }

    private void shrink() {
        for (Key eldest : List.copyOf(cached.keySet())) {
            if (used <= budget) {
                return;
            }
            evict(eldest);
        }
    }
}
