package dev.ligature;

import ai.djl.ndarray.NDManager;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Keeps the stacked factors of the routings that were used last, within a number of bytes. What a
 * request is using is freed when it ends.
 */
final class StackCache {
    private final Supplier<NDManager> managers;
    private final Map<RowStacks, Long> bytes = new LinkedHashMap<>(16, 0.75f, true);
    private long budget; // guarded by this, as the others
    private long used;

    /**
     * Creates an empty cache.
     *
     * @param budget the bytes to keep
     * @param managers makes the owner of new arrays
     */
    StackCache(long budget, Supplier<NDManager> managers) {
        this.budget = budget;
        this.managers = managers;
    }

    synchronized long budget() {
        return budget;
    }

    /** Changes the bytes to keep; what is too much is freed. */
    synchronized void setBudget(long bytes) {
        budget = bytes;
        shrink();
    }

    /**
     * Makes stacks for a route, and keeps them unless an adapter was removed meanwhile. The caller
     * has entered them.
     */
    synchronized RowStacks create(RowsRoute route, long version, long size) {
        RowStacks stacks = new RowStacks(route, version, managers.get());
        if (!stacks.enter()) {
            throw new IllegalStateException("New stacks are closed");
        }
        if (route.bindings().stream().anyMatch(Binding::isRemoved)) {
            stacks.close();
            return stacks;
        }
        bytes.put(stacks, size);
        used += size;
        shrink();
        return stacks;
    }

    /** Enters stacks and takes note that they were used; false if they are closed. */
    synchronized boolean enter(RowStacks stacks) {
        return bytes.get(stacks) != null && stacks.enter();
    }

    /** Frees stacks. */
    synchronized void drop(RowStacks stacks) {
        Long size = bytes.remove(stacks);
        if (size != null) {
            used -= size;
            stacks.close();
        }
    }

    /** Frees all stacks that an adapter is in. */
    synchronized void drop(Adapter adapter) {
        for (RowStacks stacks : List.copyOf(bytes.keySet())) {
            if (stacks.route().bindings().stream().anyMatch(b -> b.adapter() == adapter)) {
                drop(stacks);
            }
        }
    }

    private void shrink() {
        for (RowStacks eldest : List.copyOf(bytes.keySet())) {
            if (used <= budget) {
                return;
            }
            drop(eldest);
        }
    }
}
