package dev.ligature.models.generation;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import dev.ligature.models.DecoderShape;
import dev.ligature.models.block.GenerationPass;
import java.util.IdentityHashMap;

/**
 * The keys and values of earlier tokens, with room for those of new ones: a pass writes its own
 * behind them, and what is there is copied only when the room doubles.
 *
 * <pre>{@code
 * NDList none = KeyValueCache.empty(shape, manager, 1);
 * try (KeyValueCache cache = new KeyValueCache(none, manager, shape.maxPositions())) {
 *     NDArray logits = cache.forward(block, parameterStore, new NDList(ids, mask, positions), false);
 * }
 * }</pre>
 *
 * <p>For one thread at a time.
 */
public final class KeyValueCache implements AutoCloseable {
    private final long limit;
    private NDManager owner;
    private NDList arrays;
    private IdentityHashMap<NDArray, NDArray> buffers =
            new IdentityHashMap<>(); // by the view of the used part

    /**
     * Creates a cache.
     *
     * @param arrays the cache of {@link #empty} or of a forward pass; they are closed with this
     *     cache, or when a pass has given others
     * @param owner the owner of new arrays
     * @param limit the tokens that the texts may have in the end; no room is made for more
     */
    public KeyValueCache(NDList arrays, NDManager owner, long limit) {
        this.arrays = arrays;
        this.owner = owner;
        this.limit = limit;
    }

    /**
     * Returns the cache of no tokens, which asks a forward pass to return one: for each layer keys
     * and values, {@code (B, KV, 0, D)} each.
     *
     * @param shape the model's sizes
     * @param manager the owner of the arrays
     * @param batch the number B of rows
     */
    public static NDList empty(DecoderShape shape, NDManager manager, long batch) {
        return empty(shape, manager, batch, 2 * shape.layers(), DataType.FLOAT32);
    }

    static NDList empty(
            DecoderShape shape, NDManager manager, long batch, int count, DataType dataType) {
        Shape array = new Shape(batch, shape.keyValueHeads(), 0, shape.headSize());
        NDList cache = new NDList(count);
        for (int i = 0; i < count; i++) {
            cache.add(manager.create(array, dataType));
        }
        return cache;
    }

    /**
     * Returns the arrays as a forward pass takes them: for each layer keys and values. They belong
     * to the cache, until the next pass.
     */
    public NDList arrays() {
        return arrays;
    }

    /** Returns the number of tokens. */
    long tokens() {
        return arrays.head().getShape().get(2);
    }

    /**
     * Runs a block over new tokens, whose keys and values are in the cache then. If that fails, the
     * cache is as before.
     *
     * @param block a block that takes a cache behind its other inputs, and gives it behind its
     *     first output
     * @param parameterStore the parameter store
     * @param inputs the inputs before the cache
     * @param padded whether a row of the batch has padding; if not, the positions have to be those
     *     of the tokens in the batch
     * @return the first output, such as logits {@code (B, T, V)}; of a model that computes only
     *     what generation needs, the last token's
     */
    public NDArray forward(
            Block block, ParameterStore parameterStore, NDList inputs, boolean padded) {
        NDManager scope = inputs.head().getManager();
        GenerationPass pass = new GenerationPass(buffers, scope, limit, padded);
        NDList outputs;
        try {
            NDList all = new NDList(inputs).addAll(arrays);
            outputs = block.forward(parameterStore, all, false, pass.params());
        } catch (RuntimeException e) {
            // It may have written behind the views already.
            buffers.values().forEach(NDArray::close);
            buffers.clear();
            throw e;
        }
        replace(outputs.subNDList(1), pass);
        return outputs.head();
    }

    private void replace(NDList next, GenerationPass pass) {
        IdentityHashMap<NDArray, NDArray> kept = new IdentityHashMap<>();
        IdentityHashMap<NDArray, Boolean> held = new IdentityHashMap<>();
        for (NDArray array : next) {
            NDArray buffer = pass.buffer(array);
            if (buffer != null) {
                kept.put(array, buffer);
                held.put(buffer, true);
            }
            held.put(array, true);
        }
        arrays.stream().filter(array -> !held.containsKey(array)).forEach(NDArray::close);
        buffers.values().stream().filter(array -> !held.containsKey(array)).forEach(NDArray::close);
        arrays = next;
        buffers = kept;
        attach(owner);
    }

    /** Moves the arrays to another owner. */
    void attach(NDManager manager) {
        owner = manager;
        arrays.attach(manager);
        buffers.values().forEach(array -> array.attach(manager));
    }

    /** Frees the arrays. */
    @Override
    public void close() {
        arrays.close();
        buffers.values().forEach(NDArray::close);
        buffers.clear();
    }
}
