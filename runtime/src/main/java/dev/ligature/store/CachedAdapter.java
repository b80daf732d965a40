package dev.ligature.store;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Parameter;
import dev.ligature.internal.adapter.AdapterState;

/**
 * An adapter in memory. All that changes is guarded by the {@link AdapterCache} that it stands on.
 */
final class CachedAdapter {
    private final String name;
    private final FolderStamp files;
    private final AdapterState adapter;
    private final long bytes;

    /** The requests that hold it. */
    int leases;

    /** Whether it was taken off the shelf, and is freed when nobody holds it. */
    boolean retired;

    /**
     * Creates a resident that nobody holds.
     *
     * @param name its name in the catalogue; on the model it has one of its own
     * @param files what it was loaded from
     * @param adapter the adapter on the model
     */
    CachedAdapter(String name, FolderStamp files, AdapterState adapter) {
        this.name = name;
        this.files = files;
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

    FolderStamp files() {
        return files;
    }

    AdapterState adapter() {
        return adapter;
    }

    /** Returns the bytes of its arrays. */
    long bytes() {
        return bytes;
    }
}
