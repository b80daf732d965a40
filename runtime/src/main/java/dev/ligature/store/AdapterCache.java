package dev.ligature.store;

import dev.ligature.LoraException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The adapters in memory, and the account of them: who holds which, which are being loaded, and who
 * goes first when room is needed. Knows nothing of files; nothing slow is done under its lock.
 */
final class AdapterCache {
    private final long budget;
    private final Consumer<CachedAdapter> free;

    // All guarded by this.
    private final Map<String, CachedAdapter> current = new HashMap<>();
    private final Map<String, PendingLoad> loadings = new HashMap<>();
    private final Map<String, Failure> failures = new HashMap<>();
    private final LinkedHashSet<CachedAdapter> idle =
            new LinkedHashSet<>(); // held by nobody, eldest first
    private long bytes; // of all residents, and reserved for those being loaded
    private long idleBytes;
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
     * Creates an empty shelf.
     *
     * @param budget the most bytes
     * @param free frees an adapter that nobody holds; not called under the lock
     */
    AdapterCache(long budget, Consumer<CachedAdapter> free) {
        this.budget = budget;
        this.free = free;
    }

    /** An error that the files of an adapter led to, and will again until they change. */
    private record Failure(FolderStamp files, Exception error) {}

    /**
     * Takes an adapter, or says who loads it. What was loaded from other files than those there now
     * goes.
     */
    Lookup claim(String name, FolderStamp files) {
        List<CachedAdapter> freed = new ArrayList<>();
        try {
            synchronized (this) {
                checkOpen();
                CachedAdapter resident = current.get(name);
                if (resident != null && resident.files().equals(files)) {
                    hits++;
                    take(resident, 1);
                    return new Lookup.Held(resident);
                }
                retire(name, freed);
                Failure failure = failures.get(name);
                if (failure != null && failure.files().equals(files)) {
                    return new Lookup.Refused(failure.error());
                }
                failures.remove(name);
                PendingLoad theirs = loadings.get(name);
                if (theirs != null) {
                    theirs.waiting++;
                    return new Lookup.Theirs(theirs);
                }
                PendingLoad mine = new PendingLoad();
                loadings.put(name, mine);
                return new Lookup.Mine(mine);
            }
        } finally {
            freed.forEach(free);
        }
    }

    /** Takes an adapter off whose files are gone; those who hold it keep it. */
    void forget(String name) {
        List<CachedAdapter> freed = new ArrayList<>();
        synchronized (this) {
            failures.remove(name);
            retire(name, freed);
        }
        freed.forEach(free);
    }

    /**
     * Makes room before the arrays of an adapter are made.
     *
     * @param wanted the bytes that it takes, as far as is known
     * @throws LoraException if there cannot be that much room; nothing was evicted then
     */
    void reserve(PendingLoad loading, String name, long wanted) {
        List<CachedAdapter> freed = new ArrayList<>();
        synchronized (this) {
            checkOpen();
            makeRoom(name, wanted, wanted, freed);
            bytes += wanted;
            reservedBytes += wanted;
            loading.reserved += wanted;
        }
        freed.forEach(free);
    }

    /** Gives reserved room back. */
    synchronized void unreserve(PendingLoad loading) {
        bytes -= loading.reserved;
        reservedBytes -= loading.reserved;
        loading.reserved = 0;
    }

    /**
     * Puts an adapter there, held for who loaded it and for all who wait. It takes over the room
     * that was reserved for it.
     *
     * @throws LoraException if it is so much larger that there is no room, or the store was closed;
     *     nothing has changed then
     */
    void publish(PendingLoad loading, CachedAdapter resident) {
        List<CachedAdapter> freed = new ArrayList<>();
        synchronized (this) {
            checkOpen();
            long more = resident.bytes() - loading.reserved;
            makeRoom(resident.name(), more, resident.bytes(), freed);
            unreserve(loading);
            bytes += resident.bytes();
            residentCount++;
            leasedCount++;
            loads++;
            misses += 1 + loading.waiting;
            resident.leases = 1 + loading.waiting;
            current.put(resident.name(), resident);
            loadings.remove(resident.name());
            loading.succeed(resident);
        }
        freed.forEach(free);
    }

    /** Ends a load that failed, for all who wait too. */
    void abandon(String name, PendingLoad loading, Throwable error) {
        synchronized (this) {
            loadings.remove(name);
            loading.fail(error);
        }
    }

    /** Takes note that files cannot be loaded, so that they are not read again for each request. */
    synchronized void remember(String name, FolderStamp files, Exception error) {
        failures.put(name, new Failure(files, error));
    }

    /** Ends the wait of one who was interrupted; gives back what was held for it by then. */
    void giveUp(PendingLoad loading) {
        CachedAdapter held = null;
        synchronized (this) {
            if (loading.resident() == null) {
                loading.waiting--;
            } else {
                held = loading.resident();
                misses--;
            }
        }
        if (held != null) {
            release(held);
        }
    }

    /** Ends one hold. */
    void release(CachedAdapter resident) {
        List<CachedAdapter> freed = new ArrayList<>();
        synchronized (this) {
            resident.leases--;
            if (resident.leases == 0) {
                leasedCount--;
                if (resident.retired) {
                    replaced(resident, freed);
                } else {
                    idle.add(resident);
                    idleBytes += resident.bytes();
                }
            }
        }
        freed.forEach(free);
    }

    /** Counts a request that ended with an error. */
    synchronized void countFailure() {
        failed++;
    }

    /** Frees all that nobody holds, and the rest when it is released; lets nobody in. */
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

    private void take(CachedAdapter resident, int holds) {
        if (resident.leases == 0) {
            idle.remove(resident);
            idleBytes -= resident.bytes();
            leasedCount++;
        }
        resident.leases += holds;
    }

    private void retire(String name, List<CachedAdapter> freed) {
        CachedAdapter resident = current.remove(name);
        if (resident == null) {
            return;
        }
        resident.retired = true;
        if (idle.remove(resident)) {
            idleBytes -= resident.bytes();
            replaced(resident, freed);
        }
    }

    private void replaced(CachedAdapter resident, List<CachedAdapter> freed) {
        if (closed) {
            evictions++;
        } else {
            replacements++;
        }
        drop(resident, freed);
    }

    private void drop(CachedAdapter resident, List<CachedAdapter> freed) {
        bytes -= resident.bytes();
        residentCount--;
        freed.add(resident);
    }

    /**
     * Evicts until there is room for more bytes.
     *
     * @param more the bytes that come on top
     * @param whole the bytes of the whole adapter
     */
    private void makeRoom(String name, long more, long whole, List<CachedAdapter> freed) {
        if (whole > budget) {
            throw new LoraException(
                    "LoraStoreBudget",
                    "Adapter "
                            + name
                            + " takes "
                            + whole
                            + " bytes, more than the "
                            + budget
                            + " of the whole store. Give the store a larger budget.");
        }
        if (bytes - idleBytes + more > budget) {
            throw new LoraException(
                    "LoraStoreFull",
                    "There is no room for adapter "
                            + name
                            + ", which takes "
                            + whole
                            + " bytes: of the store's "
                            + budget
                            + ", "
                            + (bytes - idleBytes)
                            + " are held by requests or being loaded. Ask again when some have"
                            + " ended, or give the store a larger budget.");
        }
        while (bytes + more > budget) {
            CachedAdapter eldest = idle.iterator().next();
            idle.remove(eldest);
            idleBytes -= eldest.bytes();
            current.remove(eldest.name());
            evictions++;
            drop(eldest, freed);
        }
    }

    private void checkOpen() {
        if (closed) {
            throw new LoraException(
                    "LoraStoreClosed",
                    "The store was closed, so it lends no adapter. Open another one.");
        }
    }
}
