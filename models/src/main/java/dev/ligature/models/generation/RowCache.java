package dev.ligature.models.generation;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;

/**
 * The keys and values of texts of unequal length, which all end at one place: the last of S. What
 * is before a text is padding.
 */
final class RowCache implements AutoCloseable {
    private final NDList arrays;
    private final int[] lengths;

    /**
     * Creates a cache over arrays that exist.
     *
     * @param arrays for each layer keys and values, {@code (B, KV, S, D)} each
     * @param lengths the tokens of each row that are no padding, at most S
     */
    RowCache(NDList arrays, int[] lengths) {
        this.arrays = arrays;
        this.lengths = lengths.clone();
    }

    /** Returns for each layer keys and values, {@code (B, KV, S, D)} each. */
    NDList arrays() {
        return arrays;
    }

    /** Returns the number S of places. */
    long width() {
        return arrays.get(0).getShape().get(2);
    }

    /**
     * Returns the attention mask of the cached tokens and one new one.
     *
     * @return {@code (B, S+1)}, 0 at padding and 1 else
     */
    NDArray nextMask(NDManager manager) {
        int places = (int) width() + 1;
        long[] mask = new long[lengths.length * places];
        for (int row = 0; row < lengths.length; row++) {
            int end = (row + 1) * places;
            Arrays.fill(mask, end - lengths[row] - 1, end, 1);
        }
        return manager.create(mask, new Shape(lengths.length, places));
    }

    /**
     * Returns the positions of one new token of each row.
     *
     * @return {@code (B, 1)}
     */
    NDArray nextPositions(NDManager manager) {
        long[] next = Arrays.stream(lengths).asLongStream().toArray();
        return manager.create(next, new Shape(next.length, 1));
    }

    /** Returns the cache that a forward pass over one more token of each row gave. */
    RowCache grown(NDList grownArrays) {
        return new RowCache(grownArrays, Arrays.stream(lengths).map(n -> n + 1).toArray());
    }

    /**
     * Returns the rows of this cache and below them those of another one, in arrays of the manager;
     * the two are left as they are.
     */
    RowCache above(RowCache other, NDManager manager) {
        long width = Math.max(width(), other.width());
        NDList joined = new NDList(arrays.size());
        try (NDManager scope = manager.newSubManager()) {
            for (int i = 0; i < arrays.size(); i++) {
                NDArray upper = widened(arrays.get(i), width, scope); // (B, KV, S, D)
                NDArray lower = widened(other.arrays.get(i), width, scope); // (C, KV, S, D)
                NDArray both = NDArrays.concat(new NDList(upper, lower), 0); // (B+C, KV, S, D)
                both.attach(manager);
                joined.add(both);
            }
        }
        int[] all = Arrays.copyOf(lengths, lengths.length + other.lengths.length);
        System.arraycopy(other.lengths, 0, all, lengths.length, other.lengths.length);
        return new RowCache(joined, all);
    }

    private static NDArray widened(NDArray array, long width, NDManager scope) {
        Shape shape = array.getShape(); // (B, KV, S, D)
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
     */
    RowCache only(int[] rows, NDManager manager) {
        int[] kept = Arrays.stream(rows).map(row -> lengths[row]).toArray();
        long padding = width() - Arrays.stream(kept).max().orElseThrow();
        NDList selected = new NDList(arrays.size());
        try (NDManager scope = manager.newSubManager()) {
            NDArray index = scope.create(Arrays.stream(rows).asLongStream().toArray());
            for (NDArray array : arrays) {
                NDArray taken = array.get(scope, new NDIndex("{}", index)); // (kept, KV, S, D)
                NDArray trimmed =
                        padding == 0 ? taken : taken.split(new long[] {padding}, 2).get(1);
                trimmed.attach(manager);
                selected.add(trimmed);
            }
        }
        return new RowCache(selected, kept);
    }

    /** Moves the arrays to another owner. */
    RowCache attachTo(NDManager manager) {
        arrays.attach(manager);
        return this;
    }

    @Override
    public void close() {
        arrays.close();
    }
}
