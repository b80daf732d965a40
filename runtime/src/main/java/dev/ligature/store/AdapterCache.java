package dev.ligature.store;

import dev.ligature.LoraException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The LRU cache of adapters: counts the leases of each, shares loads between threads, and evicts
 * idle adapters to stay within a budget. Thread-safe; does not read files, and never holds its lock
 * during slow work.
 */
final class AdapterCache {
    private final long budget;
    private final Consumer<CachedAdapter> free;

    // All guarded by this.
    private final Map<String, CachedAdapter> current = new HashMap<>();
    private final Map<String, PendingLoad> pendingLoads = new HashMap<>();
    private final Map<String, Failure> failures = new HashMap<>();
    private final IdleAdapters idle = new IdleAdapters();
    private long bytes; // of all adapters in memory, and reserved for those being loaded
    private long reservedBytes;
    private int residentCount;
    private int leasedCount;
    private boolean closed;
    private long hits;
    private long misses;
    private long failed;
    private long loads;
    private long evictions;
    private long replacements;

    /**
     * Creates an empty cache.
     *
     * @param budget the upper limit of bytes
     * @param free frees an adapter without leases; not called under the lock
     */
    AdapterCache(long budget, Consumer<CachedAdapter> free) {
        this.budget = budget;
        this.free = free;
    }

    /** A load that failed, and fails again until the files change. */
    private record Failure(AdapterVersion version, Exception error) {}

    /**
     * Leases an adapter, or tells the caller to load it or to wait. An adapter that was loaded from
     * other files than the present ones leaves the cache.
     */
    Lookup lookUp(String name, AdapterVersion version) {
        List<CachedAdapter> freed = new ArrayList<>();
        try {
            synchronized (this) {
                checkOpen();
                CachedAdapter cached = current.get(name);
                if (cached != null && cached.serves(version)) {
                    return new Lookup.Hit(lease(cached));
                }
                retire(name, freed);
                Failure failure = failures.get(name);
                if (failure != null && failure.version().equals(version)) {
                    return new Lookup.KnownBad(failure.error());
                }
                failures.remove(name);
                PendingLoad elsewhere = pendingLoads.get(name);
                if (elsewhere != null) {
                    elsewhere.waiting++;
                    return new Lookup.LoadingElsewhere(elsewhere);
                }
                PendingLoad pending = new PendingLoad();
                pendingLoads.put(name, pending);
                return new Lookup.LoadIt(pending);
            }
        } finally {
            freed.forEach(free);
        }
    }

    /** Leases an adapter if there is one of the name and a condition holds; null otherwise. */
    synchronized @Nullable CachedAdapter leaseIf(String name, Predicate<CachedAdapter> condition) {
        checkOpen();
        CachedAdapter cached = current.get(name);
        return cached == null || !condition.test(cached) ? null : lease(cached);
    }

    /**
     * Removes an adapter; open leases keep it in memory.
     *
     * @param which whether it is meant
     * @return whether there was one
     */
    boolean remove(String name, Predicate<CachedAdapter> which) {
        List<CachedAdapter> freed = new ArrayList<>();
        boolean removed;
        synchronized (this) {
            failures.remove(name);
            CachedAdapter cached = current.get(name);
            removed = cached != null && which.test(cached);
            if (removed) {
                retire(name, freed);
            }
        }
        freed.forEach(free);
        return removed;
    }

    /** Returns the names of published adapters. */
    synchronized Set<String> published() {
        return current.values().stream()
                .filter(CachedAdapter::isPublished)
                .map(CachedAdapter::name)
                .collect(Collectors.toSet());
    }

    /**
     * Adds a published adapter in place of the one of its name, and of the bytes that were reserved
     * for it; nobody has leased it yet.
     */
    void replace(PendingLoad pending, CachedAdapter cached) {
        List<CachedAdapter> freed = new ArrayList<>();
        synchronized (this) {
            add(pending, cached, freed);
            retire(cached.name(), freed);
            failures.remove(cached.name());
            current.put(cached.name(), cached);
        }
        freed.forEach(free);
    }

    /**
     * Reserves bytes before the arrays of an adapter are allocated, and evicts idle adapters where
     * that is needed.
     *
     * @param wanted the bytes
     * @throws LoraException if that many bytes cannot be freed; nothing was evicted then
     */
    void reserve(PendingLoad pending, String name, long wanted) {
        List<CachedAdapter> freed = new ArrayList<>();
        synchronized (this) {
            checkOpen();
            makeRoom(name, wanted, wanted, freed);
            bytes += wanted;
            reservedBytes += wanted;
            pending.reserved += wanted;
        }
        freed.forEach(free);
    }

    /** Returns reserved bytes. */
    synchronized void unreserve(PendingLoad pending) {
        bytes -= pending.reserved;
        reservedBytes -= pending.reserved;
        pending.reserved = 0;
    }

    /**
     * Adds a loaded adapter, leased to the thread that loaded it and to each one that waits, in
     * place of the bytes that were reserved for it.
     *
     * @throws LoraException if it is larger than reserved and there is no room for it, or if the
     *     store was closed; nothing has changed then
     */
    void publish(PendingLoad pending, CachedAdapter cached) {
        List<CachedAdapter> freed = new ArrayList<>();
        synchronized (this) {
            add(pending, cached, freed);
            leasedCount++;
            misses += 1 + pending.waiting;
            cached.leases = 1 + pending.waiting;
            CachedAdapter meanwhile = current.get(cached.name());
            if (meanwhile != null && meanwhile.isPublished()) {
                cached.retired = true; // it serves those who have waited for it
            } else {
                current.put(cached.name(), cached);
            }
            pendingLoads.remove(cached.name());
            pending.succeed(cached);
        }
        freed.forEach(free);
    }

    private void add(PendingLoad pending, CachedAdapter cached, List<CachedAdapter> freed) {
        checkOpen();
        long more = cached.bytes() - pending.reserved;
        makeRoom(cached.name(), more, cached.bytes(), freed);
        unreserve(pending);
        bytes += cached.bytes();
        residentCount++;
        loads++;
    }

    /** Ends a failed load, also for the threads that wait for it. */
    void abandon(String name, PendingLoad pending, Throwable error) {
        synchronized (this) {
            pendingLoads.remove(name);
            pending.fail(error);
        }
    }

    /** Records that files cannot be loaded, so that they are not read again for each request. */
    synchronized void remember(String name, AdapterVersion version, Exception error) {
        failures.put(name, new Failure(version, error));
    }

    /** Ends the wait of an interrupted thread, with the lease that it may have got by then. */
    void giveUp(PendingLoad pending) {
        CachedAdapter leased = null;
        synchronized (this) {
            if (pending.loaded() == null) {
                pending.waiting--;
            } else {
                leased = pending.loaded();
                misses--;
            }
        }
        if (leased != null) {
            release(leased);
        }
    }

    /** Ends one lease. */
    void release(CachedAdapter cached) {
        List<CachedAdapter> freed = new ArrayList<>();
        synchronized (this) {
            cached.leases--;
            if (cached.leases == 0) {
                leasedCount--;
                if (cached.retired) {
                    replaced(cached, freed);
                } else {
                    idle.add(cached);
                }
            }
        }
        freed.forEach(free);
    }

    synchronized boolean has(String name) {
        return current.containsKey(name);
    }

    /** Counts a request that ended with an error. */
    synchronized void countFailure() {
        failed++;
    }

    /** Frees all adapters, leased ones with their last lease; refuses further look-ups. */
    void close() {
        List<CachedAdapter> freed = new ArrayList<>();
        synchronized (this) {
            closed = true;
            for (String name : List.copyOf(current.keySet())) {
                retire(name, freed);
            }
        }
        freed.forEach(free);
    }

    synchronized StoreStatistics statistics() {
        return new StoreStatistics(
                hits,
                misses,
                failed,
                loads,
                evictions,
                replacements,
                residentCount,
                leasedCount,
                bytes - reservedBytes,
                budget);
    }

    synchronized boolean isClosed() {
        return closed;
    }

    private CachedAdapter lease(CachedAdapter cached) {
        hits++;
        if (cached.leases == 0) {
            idle.remove(cached);
            leasedCount++;
        }
        cached.leases++;
        return cached;
    }

    private void retire(String name, List<CachedAdapter> freed) {
        CachedAdapter cached = current.remove(name);
        if (cached == null) {
            return;
        }
        cached.retired = true;
        if (cached.leases == 0) {
            idle.remove(cached);
            replaced(cached, freed);
        }
    }

    private void replaced(CachedAdapter cached, List<CachedAdapter> freed) {
        if (closed) {
            evictions++;
        } else {
            replacements++;
        }
        drop(cached, freed);
    }

    private void drop(CachedAdapter cached, List<CachedAdapter> freed) {
        bytes -= cached.bytes();
        residentCount--;
        freed.add(cached);
    }

    /** Evicts idle adapters until there is room for {@code more} of an adapter's bytes. */
    private void makeRoom(String name, long more, long whole, List<CachedAdapter> freed) {
        if (whole > budget) {
            throw StoreMessage.BUDGET_TOO_SMALL.error(name, whole, budget);
        }
        if (bytes - idle.bytes() + more > budget) {
            throw StoreMessage.FULL.storeFull(name, whole, budget, bytes - idle.bytes());
        }
        while (bytes + more > budget) {
            CachedAdapter oldest = idle.removeOldest();
            current.remove(oldest.name());
            evictions++;
            drop(oldest, freed);
        }
    }

    private void checkOpen() {
        if (closed) {
            throw StoreMessage.CLOSED.state();
        }
    }
}
