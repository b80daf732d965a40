package dev.ligature.store;

/**
 * The counters of a store and the state of its cache, at one moment.
 *
 * <p>Each call of {@link AdapterStore#lease} and {@link AdapterStore#preload} counts as one of
 * {@code hits}, {@code misses} and {@code failures}. A loaded or published adapter is resident
 * until it is freed: {@code loads = residentCount + evictions + replacements}.
 *
 * @param hits the calls that found their adapter in memory
 * @param misses the calls that loaded their adapter, or waited for another thread to load it
 * @param failures the calls that ended with an error
 * @param loads the adapters loaded or published
 * @param evictions the adapters freed to make room, or by {@link AdapterStore#close}
 * @param replacements the adapters freed because their files were replaced or deleted, or another
 *     was published in their place
 * @param residentCount the adapters in memory, including replaced ones that are still leased
 * @param leasedCount how many of them are leased
 * @param residentBytes the bytes of their arrays
 * @param budgetBytes the upper limit of these
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
