package dev.ligature.training;

import ai.djl.ndarray.NDArray;
import java.util.Objects;

/**
 * Token ids, and which of them count as targets.
 *
 * @param ids the tokens, (B, T) int64
 * @param labels the tokens to be predicted, (B, T) int64, not shifted: the ids themselves, with
 *     {@link NextTokenLoss#IGNORED} where a token is not to be learnt, as in Transformers. The
 *     first label of each row has nothing before it that could predict it, and is not looked at
 */
public record TokenBatch(NDArray ids, NDArray labels) {
    /** Checks that both are there. */
    public TokenBatch {
        Objects.requireNonNull(ids, "ids");
        Objects.requireNonNull(labels, "labels");
    }

    /**
     * Returns a batch all of whose tokens count.
     *
     * @param ids the tokens, (B, T) int64
     */
    public static TokenBatch of(NDArray ids) {
        return new TokenBatch(ids, ids);
    }
}
