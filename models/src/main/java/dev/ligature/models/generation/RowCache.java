package dev.ligature.models.generation;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import java.util.Arrays;

/**
 * The keys and values of texts of unequal length, which all end at one place: the last of S. What
 * is before a text is padding.
 */
final class RowCache implements AutoCloseable {
    private final KeyValueCache cache;
    private int[] lengths;

    /**
     * Creates a cache over one that exists.
     *
     * @param cache for each layer keys and values, {@code (B, KV, S, D)} each
     * @param lengths the tokens of each row that are no padding, at most S
     */
    RowCache(KeyValueCache cache, int[] lengths) {
        this.cache = cache;
        this.lengths = lengths.clone();
    }

    /** Returns the number S of places. */
    private long width() {
        return cache.tokens();
    }

    /**
     * Runs a block over one more token of each row, whose keys and values are in the cache then. If
     * that fails, the cache is as before.
     *
     * @param ids the tokens, {@code (B, 1)}
     * @return the logits, of the manager of the ids
     */
    NDArray forward(Block block, ParameterStore parameterStore, NDArray ids) {
        NDManager scope = ids.getManager();
        boolean padded = Arrays.stream(lengths).anyMatch(length -> length < width());
        NDList inputs = new NDList(ids, nextMask(padded, scope), nextPositions(scope));
        NDArray logits = cache.forward(block, parameterStore, inputs, padded);
        lengths = Arrays.stream(lengths).map(length -> length + 1).toArray();
        return logits;
    }

    /** Returns the attention mask of the cached tokens and one new one, {@code (B, S+1)}. */
    private NDArray nextMask(boolean padded, NDManager scope) {
        int places = Math.toIntExact(width() + 1);
        Shape shape = new Shape(lengths.length, places);
        if (!padded) {
            return scope.ones(shape, DataType.INT64);
        }
        long[] mask = new long[lengths.length * places];
        for (int row = 0; row < lengths.length; row++) {
            int end = (row + 1) * places;
            Arrays.fill(mask, end - lengths[row] - 1, end, 1);
        }
        return scope.create(mask, shape);
    }

    /** Returns the positions of one new token of each row, {@code (B, 1)}. */
    private NDArray nextPositions(NDManager scope) {
        long[] next = Arrays.stream(lengths).asLongStream().toArray();
        return scope.create(next, new Shape(next.length, 1));
    }

    /**
     * Returns the rows of this cache and below them those of another one, in arrays of the manager;
     * the two are left as they are.
     *
     * @param limit the tokens that the longest row may have in the end
     */
    RowCache above(RowCache other, NDManager manager, long limit) {
        long width = Math.max(width(), other.width());
        NDList arrays = cache.arrays();
        NDList joined = new NDList(arrays.size());
        try (NDManager scope = manager.newSubManager()) {
            for (int i = 0; i < arrays.size(); i++) {
                NDArray upper = widened(arrays.get(i), width, scope); // (B, KV, S, D)
                NDArray lower = widened(other.cache.arrays().get(i), width, scope); // (C, …)
                NDArray both = NDArrays.concat(new NDList(upper, lower), 0); // (B+C, KV, S, D)
                both.attach(manager);
                joined.add(both);
            }
        }
        int[] all = Arrays.copyOf(lengths, lengths.length + other.lengths.length);
        System.arraycopy(other.lengths, 0, all, lengths.length, other.lengths.length);
        return new RowCache(new KeyValueCache(joined, manager, limit), all);
    }

    private static NDArray widened(NDArray array, long width, NDManager scope) {
        Shape shape = array.getShape(); // (B, KV, S, D)
        if (shape.get(2) == width) {
            return array;
        }
        NDArray padding =
                scope.zeros(
                        new Shape(shape.get(0), shape.get(1), width - shape.get(2), shape.get(3)),
                        array.getDataType());
        NDArray wide = NDArrays.concat(new NDList(padding, array), 2);
        wide.attach(scope);
        return wide;
    }

    /**
     * Returns some of the rows, without the places that are padding in all of them, in arrays of
     * the manager; this cache is left as it is.
     *
     * @param rows the indices, ascending, at least one
     * @param limit the tokens that the longest of them may have in the end
     */
    RowCache only(int[] rows, NDManager manager, long limit) {
        int[] kept = Arrays.stream(rows).map(row -> lengths[row]).toArray();
        long padding = width() - Arrays.stream(kept).max().orElseThrow();
        NDList selected = new NDList(cache.arrays().size());
        try (NDManager scope = manager.newSubManager()) {
            NDArray index = scope.create(Arrays.stream(rows).asLongStream().toArray());
            for (NDArray array : cache.arrays()) {
                NDArray taken = array.get(scope, new NDIndex("{}", index)); // (kept, KV, S, D)
                NDArray trimmed =
                        padding == 0 ? taken : taken.split(new long[] {padding}, 2).get(1);
                trimmed.attach(manager);
                selected.add(trimmed);
            }
        }
        return new RowCache(new KeyValueCache(selected, manager, limit), kept);
    }

    /** Moves the arrays to another owner. */
    RowCache attachTo(NDManager manager) {
        cache.attach(manager);
        return this;
    }

    @Override
    public void close() {
        cache.close();
    }
}
