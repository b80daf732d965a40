package dev.ligature.store;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Parameter;
import dev.ligature.Adapter;
import org.jspecify.annotations.Nullable;

/** An adapter in memory. Its mutable fields are guarded by its {@link AdapterCache}. */
final class CachedAdapter {
    private final String name;
    private final @Nullable AdapterVersion version;
    private final Adapter adapter;
    private final long bytes;

    /** The number of open leases. */
    int leases;

    /** Whether it has left the cache, and is freed with its last lease. */
    boolean retired;

    /**
     * Creates an entry without leases.
     *
     * @param name its name in the store; on the model it has one of its own
     * @param version the files that it was loaded from; null if it was published
     * @param adapter the adapter on the model
     */
    CachedAdapter(String name, @Nullable AdapterVersion version, Adapter adapter) {
        this.name = name;
        this.version = version;
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

    /** Returns whether it was published, so that no files have it. */
    boolean isPublished() {
        return version == null;
    }

    /** Returns whether it is what a lease gets while the files are of a version. */
    boolean serves(AdapterVersion files) {
        return version == null || version.equals(files);
    }

    Adapter adapter() {
        return adapter;
    }

    /** Returns the bytes of its arrays. */
    long bytes() {
        return bytes;
    }
}
