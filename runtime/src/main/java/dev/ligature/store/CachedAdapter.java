package dev.ligature.store;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Parameter;
import dev.ligature.Adapter;

/** An adapter in memory. Its mutable fields are guarded by its {@link AdapterCache}. */
final class CachedAdapter {
    private final String name;
    private final FolderStamp stamp;
    private final Adapter adapter;
    private final long bytes;

    /** The number of open leases. */
    int leases;

    /** Whether it has left the cache, and is freed with its last lease. */
    boolean retired;

    /**
     * Creates an entry without leases.
     *
     * @param name its name in the folder of adapters; on the model it has one of its own
     * @param stamp the state of the files that it was loaded from
     * @param adapter the adapter on the model
     */
    CachedAdapter(String name, FolderStamp stamp, Adapter adapter) {
        this.name = name;
        this.stamp = stamp;
        this.adapter = adapter;
        this.bytes =
                adapter.parameters().values().stream()
                        .map(Parameter::getArray)
                        .mapToLong(CachedAdapter::bytes)
                        .sum();
    }

    private static long bytes(NDArray array) {
        return array.size() * array.getDataType().getNumOfBytes();
    }

    String name() {
        return name;
    }

    FolderStamp stamp() {
        return stamp;
    }

    Adapter adapter() {
        return adapter;
    }

    /** Returns the bytes of its arrays. */
    long bytes() {
        return bytes;
    }
}
