package dev.ligature.models.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import org.jspecify.annotations.Nullable;

/** Builds what is added to the attention scores: 0 where a token may look, a huge negative else. */
public final class CausalMask {
    private CausalMask() {}

    /** Builds the mask of tokens that see all before them; see the other method. */
    public static NDArray of(
            NDManager manager,
            long past,
            long tokens,
            @Nullable NDArray attentionMask,
            int groups) {
        return of(manager, past, tokens, attentionMask, groups, 0);
    }

    /**
     * Builds the mask of new tokens over all tokens, fp32, attached to the manager.
     *
     * <p>A token of padding may look at nothing. Its scores then differ as little as fp32 can tell,
     * and the softmax is finite, where −∞ would make it NaN and the next layer would spread that to
     * the tokens that are meant.
     *
     * @param manager the owner of the mask
     * @param past the number P of tokens in the cache
     * @param tokens the number T of new tokens
     * @param attentionMask fp32, {@code (B, P+T)}, 0 at padding and 1 else, or {@code (B, T, P+T)},
     *     1 where a token may look; null if nothing is padding
     * @param groups the number G of query heads that share a key head
     * @param window how many tokens one sees, itself among them, by their places in the batch; 0 if
     *     it sees all before it
     * @return {@code (B or 1, 1, G·T, P+T)}
     */
    public static NDArray of(
            NDManager manager,
            long past,
            long tokens,
            @Nullable NDArray attentionMask,
            int groups,
            int window) {
        long all = past + tokens;
        NDArray columns = DecoderInputs.range(manager, 0, all); // (S)
        NDArray rows = DecoderInputs.range(manager, past, all).reshape(tokens, 1); // (T, 1)
        NDArray seen = columns.lte(rows).toType(DataType.FLOAT32, false); // (T, S)
        if (window > 0) {
            NDArray first = DecoderInputs.range(manager, past - window, all - window);
            seen = seen.mul(columns.gt(first.reshape(tokens, 1)).toType(DataType.FLOAT32, false));
        }
        seen = seen.reshape(1, 1, 1, tokens, all);
        if (attentionMask != null) {
            Shape shape = attentionMask.getShape();
            long looking = shape.dimension() == 3 ? tokens : 1;
            seen = // (B, 1, 1, T, S)
                    seen.mul(attentionMask.reshape(shape.get(0), 1, 1, looking, all));
        }
        NDArray one = manager.ones(new Shape());
        NDArray huge = manager.full(new Shape(), Float.MAX_VALUE, DataType.FLOAT32);
        NDArray added = seen.sub(one).muli(huge); // (B or 1, 1, 1, T, S)
        long batch = added.getShape().get(0);
        return added.broadcast(new Shape(batch, 1, groups, tokens, all))
                .reshape(batch, 1, groups * tokens, all);
    }
}
