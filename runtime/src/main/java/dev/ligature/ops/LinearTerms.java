package dev.ligature.ops;

import ai.djl.ndarray.NDArray;
import org.jspecify.annotations.Nullable;

/**
 * What a linear block of a pass without gradients computes: {@code x Wᵀ + bias + s (x Aᵀ) Bᵀ} (Hu
 * et al., "LoRA: Low-Rank Adaptation of Large Language Models", 2021). The arrays are the
 * parameters' and the adapter's own.
 *
 * @param weight W, {@code (out, in)}
 * @param bias {@code (out)}, if there is one
 * @param a A, {@code (r, in)}; null where the pass adds nothing, as b and scaling then
 * @param b B, {@code (out, r)}
 * @param scaling s, a scalar
 */
public record LinearTerms(
        NDArray weight,
        @Nullable NDArray bias,
        @Nullable NDArray a,
        @Nullable NDArray b,
        @Nullable NDArray scaling) {

    /** Takes the arrays of a block that the pass adds nothing to. */
    public LinearTerms(NDArray weight, @Nullable NDArray bias) {
        this(weight, bias, null, null, null);
    }

    /** Returns the same with a pair of factors. */
    public LinearTerms plus(NDArray loraA, NDArray loraB, NDArray by) {
        return new LinearTerms(weight, bias, loraA, loraB, by);
    }
}
