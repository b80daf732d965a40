package dev.ligature.models.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The keys and values of one text, of all layers, in one array that has room for all of its tokens
 * from the start: passes write those of new tokens behind the others, in place, and nothing is
 * copied when the text grows, or when other texts come and go. The array is not cleared, so that
 * the system gives memory to a part of it when that is written.
 *
 * <p>For one thread at a time.
 */
public final class TextCache implements AutoCloseable {
    private static final int TOKENS = 2; // the axis

    private final NDManager manager;
    private final int layers;
    private final long capacity;
    private @Nullable NDArray all; // (2 · layers, KV, C, D); null before the first tokens
    private NDList parts = new NDList(); // of one layer each, (2, KV, C, D), views
    private long length;

    /**
     * Creates a cache without tokens.
     *
     * @param parent the parent of the arrays' owner; its device is the model's
     * @param layers the number of layers
     * @param capacity the most tokens C
     */
    public TextCache(NDManager parent, int layers, long capacity) {
        this.manager = parent.newSubManager();
        this.layers = layers;
        this.capacity = capacity;
    }

    /** Returns the number of tokens. */
    public long length() {
        return length;
    }

    /**
     * Refuses tokens for which there is no room.
     *
     * @throws IllegalStateException if there is none for so many behind those that are counted
     */
    void checkRoom(long tokens) {
        if (length + tokens > capacity) {
            throw new IllegalStateException(
                    "A text of "
                            + length
                            + " tokens has room for "
                            + capacity
                            + ", and a pass has "
                            + tokens
                            + " more. Create its TextCache with a capacity of at least "
                            + (length + tokens)
                            + ".");
        }
    }

    /** Counts tokens whose keys and values every layer has written. */
    public void advance(long tokens) {
        length += tokens;
    }

    /** Forgets the tokens behind some number of them. */
    public void rewind(long tokens) {
        length = Math.min(length, tokens);
    }

    /**
     * Writes the keys and values of new tokens behind the others, which does not count them yet.
     *
     * @param layer the index of the layer
     * @param keys {@code (1, KV, t, D)}
     * @param values {@code (1, KV, t, D)}
     */
    public void write(int layer, NDArray keys, NDArray values) {
        Shape shape = keys.getShape();
        prepare(shape.get(1), shape.get(3), keys.getDataType());
        long end = length + shape.get(TOKENS);
        parts.get(layer).set(place(0, length, end), keys);
        parts.get(layer).set(place(1, length, end), values);
    }

    /**
     * Returns the keys and values of a layer, with room for tokens behind those that are counted:
     * {@code (2, KV, C, D)}.
     *
     * @param layer the index of the layer
     * @param keys keys of new tokens, {@code (B, KV, t, D)}, which the array fits
     */
    NDArray layer(int layer, NDArray keys) {
        Shape shape = keys.getShape();
        prepare(shape.get(1), shape.get(3), keys.getDataType());
        return parts.get(layer);
    }

    /**
     * Returns the keys and values of all layers, with room for tokens behind those that are
     * counted: {@code (2 · layers, KV, C, D)}.
     *
     * @param heads the number KV
     * @param headSize the size D
     */
    NDArray whole(long heads, long headSize) {
        prepare(heads, headSize, DataType.FLOAT32);
        return Objects.requireNonNull(all);
    }

    /**
     * Returns keys of a layer, a view that belongs to a scope: {@code (1, KV, to − from, D)}.
     *
     * @param layer the index of the layer
     * @param from the first token
     * @param to the end, with tokens that are written and not counted yet
     */
    public NDArray keys(int layer, long from, long to, NDManager scope) {
        return parts.get(layer).get(scope, place(0, from, to));
    }

    /** Returns values as {@link #keys} returns keys. */
    public NDArray values(int layer, long from, long to, NDManager scope) {
        return parts.get(layer).get(scope, place(1, from, to));
    }

    /**
     * Returns a copy of the keys and values of some tokens, for another text that begins with the
     * same tokens: {@code (2 · layers, KV, to − from, D)}.
     *
     * @param owner the owner of the copy
     */
    public NDArray copy(long from, long to, NDManager owner) {
        NDArray whole = Objects.requireNonNull(all, "a cache with tokens");
        try (NDArray view = whole.get(place(from, to))) {
            NDArray copied = view.duplicate();
            copied.attach(owner);
            return copied;
        }
    }

    /** Takes over a {@link #copy} of the tokens that come next in this text too. */
    public void append(NDArray copied) {
        Shape shape = copied.getShape();
        prepare(shape.get(1), shape.get(3), copied.getDataType());
        Objects.requireNonNull(all).set(place(length, length + shape.get(TOKENS)), copied);
        length += shape.get(TOKENS);
    }

    private void prepare(long heads, long headSize, DataType dataType) {
        if (all == null) {
            all = manager.create(new Shape(2L * layers, heads, capacity, headSize), dataType);
            parts = all.split(layers, 0);
        }
    }

    private static NDIndex place(long from, long to) {
        return new NDIndex().addAllDim(TOKENS).addSliceDim(from, to);
    }

    /** Returns the place of tokens among the keys, 0, or the values, 1. */
    private static NDIndex place(int which, long from, long to) {
        return new NDIndex().addSliceDim(which, which + 1).addAllDim().addSliceDim(from, to);
    }

    /** Frees the arrays. */
    @Override
    public void close() {
        manager.close();
    }
}
