package dev.ligature.models.generation;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.ligature.models.DecoderShape;

/** Makes the cache that a first forward pass is given. */
public final class KeyValueCache {
    private KeyValueCache() {}

    /**
     * Returns the cache of no tokens, which asks a forward pass to return one: for each layer keys
     * and values, {@code (B, KV, 0, D)} each.
     *
     * @param shape the model's sizes
     * @param manager the owner of the arrays
     * @param batch the number B of rows
     */
    public static NDList empty(DecoderShape shape, NDManager manager, long batch) {
        Shape array = new Shape(batch, shape.keyValueHeads(), 0, shape.headSize());
        int arrays = 2 * shape.layers();
        NDList cache = new NDList(arrays);
        for (int i = 0; i < arrays; i++) {
            cache.add(manager.create(array, DataType.FLOAT32));
        }
        return cache;
    }
}
