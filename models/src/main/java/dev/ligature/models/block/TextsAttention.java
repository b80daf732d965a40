package dev.ligature.models.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;

/**
 * Attention of a {@link TextsPass} over several new tokens of a text, text by text: each to its own
 * keys and values, of which it reads no more than its windows show.
 *
 * @param pass the pass
 * @param heads the heads
 * @param product what attends to given keys and values
 */
record TextsAttention(TextsPass pass, Heads heads, Product product) {
    /** Attends: queries {@code (1, KV, G·t, D)} to keys and values {@code (1, KV, S, D)}. */
    @FunctionalInterface
    interface Product {
        NDArray of(NDArray queries, NDArray keys, NDArray values, NDArray mask);
    }

    /**
     * Writes keys and values of new tokens to the caches of the texts, and attends.
     *
     * @param queries {@code (B, KV, G·T, D)}
     * @param keys of the new tokens, {@code (B, KV, T, D)}
     * @param values of the new tokens, {@code (B, KV, T, D)}
     * @return {@code (B, KV, G·T, D)}; anything where a text has no new token
     */
    NDArray of(NDArray queries, NDArray keys, NDArray values) {
        int rows = (int) keys.getShape().get(0);
        NDList q = apart(queries, rows);
        NDList k = apart(keys, rows);
        NDList v = apart(values, rows);
        NDList parts = new NDList(rows);
        for (int row = 0; row < rows; row++) {
            parts.add(text(row, q.get(row), k.get(row), v.get(row)));
        }
        return rows == 1 ? parts.get(0) : NDArrays.concat(parts, 0);
    }

    private static NDList apart(NDArray array, int rows) {
        return rows == 1 ? new NDList(array) : array.split(rows, 0);
    }

    /** Attends from the tokens of one text, all arrays as above with a B of 1. */
    private NDArray text(int row, NDArray queries, NDArray keys, NDArray values) {
        long tokens = keys.getShape().get(2);
        int count = pass.count(row);
        NDManager manager = queries.getManager();
        try (NDManager scope = manager.newSubManager()) {
            NDArray newKeys = first(keys, count, scope); // (1, KV, t, D)
            NDArray newValues = first(values, count, scope);
            pass.text(row).write(pass.layer(), newKeys, newValues);
            NDArray y = inBlocks(row, queries, tokens, scope);
            y.attach(manager);
            return y;
        }
    }

    private static NDArray first(NDArray array, long count, NDManager scope) {
        return array.getShape().get(2) == count
                ? array
                : array.get(scope, new NDIndex().addAllDim(2).addSliceDim(0, count));
    }

    /**
     * Attends block by block of queries, each to the keys up to its last token: the scores of one
     * block at a time.
     */
    private NDArray inBlocks(int row, NDArray queries, long tokens, NDManager scope) {
        TextCache text = pass.text(row);
        int count = pass.count(row);
        Shape apart = new Shape(1, heads.keyValue(), heads.groups(), tokens, heads.size());
        NDArray q = queries.reshape(apart); // (1, KV, G, T, D)
        NDList parts = new NDList();
        for (long from = 0; from < count; from += GroupedAttention.BLOCK) {
            long to = Math.min(from + GroupedAttention.BLOCK, count);
            long first = text.length() + from;
            long seen = pass.window() > 0 ? Math.max(0, first + 1 - pass.window()) : 0;
            long end = text.length() + to;
            try (NDManager inner = scope.newSubManager()) {
                NDArray part = // (1, KV, G, t, D)
                        q.get(inner, new NDIndex().addAllDim(3).addSliceDim(from, to));
                NDArray y =
                        product.of(
                                part.reshape(1, heads.keyValue(), -1, heads.size()),
                                text.keys(pass.layer(), seen, end, inner),
                                text.values(pass.layer(), seen, end, inner),
                                pass.mask(first - seen, to - from));
                y = y.reshape(part.getShape());
                y.attach(scope);
                parts.add(y);
            }
        }
        if (count < tokens) {
            Shape rest =
                    new Shape(1, heads.keyValue(), heads.groups(), tokens - count, heads.size());
            parts.add(scope.zeros(rest, queries.getDataType()));
        }
        NDArray all = parts.size() == 1 ? parts.get(0) : NDArrays.concat(parts, 3);
        return all.reshape(queries.getShape());
    }
}
