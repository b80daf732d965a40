package dev.ligature.models.modernbert;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.ligature.models.block.DecoderInputs;
import dev.ligature.models.encoder.EncoderInputs;
import org.jspecify.annotations.Nullable;

/** What is added to the attention scores of tokens that see as far before as behind them. */
final class WindowMask {
    private WindowMask() {}

    /**
     * Returns 0 where a token may look, and a huge negative else, fp32 in the scope.
     *
     * @param scope the owner of the result
     * @param tokens the number T of tokens
     * @param attentionMask fp32, {@code (B, T)}, or null
     * @param window how many tokens one sees, itself in the middle, by their places in the batch; 0
     *     if it sees all
     * @return {@code (B or 1, 1, T or 1, T)}
     */
    static NDArray of(NDManager scope, long tokens, @Nullable NDArray attentionMask, int window) {
        long side = window / 2;
        if (window == 0 || side >= tokens - 1) {
            NDArray added = EncoderInputs.added(scope, attentionMask);
            return added == null ? scope.zeros(new Shape(1, 1, 1, tokens)) : added;
        }
        NDArray columns = DecoderInputs.range(scope, 0, tokens); // (T)
        NDArray distance = columns.reshape(tokens, 1).sub(columns).abs(); // (T, T)
        NDArray reach = scope.full(new Shape(), (float) side, DataType.FLOAT32);
        NDArray seen =
                distance.lte(reach).toType(DataType.FLOAT32, false).reshape(1, 1, tokens, tokens);
        if (attentionMask != null) {
            long batch = attentionMask.getShape().get(0);
            seen = seen.mul(attentionMask.reshape(batch, 1, 1, tokens)); // (B, 1, T, T)
        }
        NDArray one = scope.ones(new Shape());
        // Not −∞: a token of padding that sees only padding would be NaN.
        NDArray huge = scope.full(new Shape(), Float.MAX_VALUE, DataType.FLOAT32);
        return seen.sub(one).muli(huge);
    }
}
