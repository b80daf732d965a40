package dev.ligature.ops;

import ai.djl.ndarray.NDArray;
import org.jspecify.annotations.Nullable;

/**
 * What a linear block of a pass without gradients computes: {@code x Wᵀ + bias + s (x Aᵀ) Bᵀ} (Hu
 * et al., "LoRA: Low-Rank Adaptation of Large Language Models", 2021). The arrays are the
 * parameters' and the adapters' own.
 *
 * @param weight W, {@code (out, in)}
 * @param bias {@code (out)}, if there is one
 * @param factors those of adapters; null where the pass adds nothing
 */
public record LinearTerms(NDArray weight, @Nullable NDArray bias, @Nullable Factors factors) {

    /** Returns the same with factors of adapters. */
    public LinearTerms plus(Factors added) {
        return new LinearTerms(weight, bias, added);
    }

    /**
     * Factors of one adapter or of several.
     *
     * @param a A, {@code (r, in)}, of several adapters side by side; or one after the other, {@code
     *     (n, r·in)}, where each of the B rows has its own
     * @param b B, {@code (out, r)}; or one after the other, times each one's scaling, {@code (n,
     *     out·r)}
     * @param scaling s, a scalar; of factors side by side {@code (B, r)}, 0 for other rows'
     *     columns; null where they are one after the other
     * @param items which of the n each row uses, {@code (B)}, int64; null where row i uses i
     */
    public record Factors(
            NDArray a, NDArray b, @Nullable NDArray scaling, @Nullable NDArray items) {

        /** Takes the factors of one adapter. */
        public Factors(NDArray a, NDArray b, NDArray scaling) {
            this(a, b, scaling, null);
        }
    }
}
