package dev.ligature.architecture.planted;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import java.nio.FloatBuffer;

final class StorageSwaps {
    private StorageSwaps() {}

    static void all(NDArray x, NDArray y) {
        x.set(FloatBuffer.allocate(1));
        x.set(new float[] {1});
        x.set(new long[] {1});
        x.copyTo(y);
    }

    static void allowed(NDArray x, NDArray y) {
        x.set(new NDIndex(":"), y);
    }
}
