package dev.ligature.ops;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

/** Attention over the keys and values of several texts, text by text. */
final class PlainAttention {
    private static final int TOKENS = 2; // the axis

    private PlainAttention() {}

    /** Computes {@link Operators#attention}. */
    static NDArray of(
            NDArray queries, NDArray keys, NDArray values, NDList caches, AttentionSpan span) {
        int texts = span.texts();
        Shape one = queries.getShape(); // (B, KV, G, D)
        NDList q = apart(queries, texts);
        NDList written = // (2, KV, 1, D) each
                apart(
                        NDArrays.stack(new NDList(keys, values), 1) // (B, 2, KV, 1, D)
                                .reshape(2L * texts, one.get(1), 1, one.get(3)),
                        texts);
        NDList parts = new NDList(texts);
        for (int text = 0; text < texts; text++) {
            NDArray cache = caches.get(text);
            long end = span.end(text);
            cache.set(place(end - 1, end), written.get(text));
            NDManager scope = queries.getManager();
            NDList seen = // (1, KV, S, D) each
                    cache.get(scope, place(span.first(text), end)).split(2, 0);
            parts.add(seen(q.get(text), seen.get(0), seen.get(1), span.cap()));
        }
        return texts == 1 ? parts.get(0) : NDArrays.concat(parts, 0);
    }

    private static NDList apart(NDArray array, int texts) {
        return texts == 1 ? new NDList(array) : array.split(texts, 0);
    }

    private static NDIndex place(long from, long to) {
        return new NDIndex().addAllDim(TOKENS).addSliceDim(from, to);
    }

    private static NDArray seen(NDArray q, NDArray keys, NDArray values, float cap) {
        NDArray scores = // (1, KV, G, D) x (D, S) -> (1, KV, G, S)
                wide(q.matMul(keys.swapAxes(2, 3)));
        if (cap != 0) {
            NDArray c = scores.getManager().full(new Shape(), cap, DataType.FLOAT32);
            scores = scores.div(c).tanh().mul(c);
        }
        NDArray weights = scores.softmax(3).toType(values.getDataType(), false);
        return weights.matMul(values); // (1, KV, G, S) x (S, D) -> (1, KV, G, D)
    }

    private static NDArray wide(NDArray scores) {
        return scores.toType(DataType.FLOAT32, false);
    }
}
