package dev.ligature.store;

/**
 * What a store has done so far and what it holds, at one moment.
 *
 * <p>Each call of {@link AdapterStore#lease} and {@link AdapterStore#preload} is one of {@code
 * hits}, {@code misses} and {@code failures}. What was loaded is resident, or was freed: {@code
 * loads = residentCount + evictions + replacements}.
 *
 * @param hits the calls that found their adapter in memory
 * @param misses the calls that got theirs after it was loaded, by them or by another
 * @param failures the calls that ended with an error
 * @param loads the adapters loaded
 * @param evictions the adapters freed to make room, or by {@link AdapterStore#close}
 * @param replacements the adapters freed because their files changed or went away
 * @param residentCount the adapters in memory, with those whose files have changed and which a
 *     request still holds
 * @param leasedCount how many of them are held by requests
 * @param residentBytes the bytes of their arrays
 * @param budgetBytes the most that these may be
 */
public record StoreStatistics(
        long hits,
        long misses,
        long failures,
        long loads,
        long evictions,
        long replacements,
        int residentCount,
        int leasedCount,
        long residentBytes,
        long budgetBytes) {}
