package dev.ligature.ops;

import ai.djl.ndarray.NDArray;
import org.jspecify.annotations.Nullable;

/**
 * Operators of a forward pass. A block that computes one of them gets them by {@link
 * OperatorLookup}, and so gains from what the engine's module has:
 *
 * <pre>{@code
 * Operators operators = OperatorLookup.of(parameterStore, x, training);
 * NDArray gated = operators.swiGlu(gate, up);
 * }</pre>
 *
 * <p>In training the results have the gradients of their arguments, whichever implementation
 * computes them. Results belong to the manager of the first argument. What an implementation cannot
 * compute faster, such as another data type or device, it computes as DJL's arrays do.
 */
public interface Operators {
    /**
     * Returns {@code x Wᵀ + bias}.
     *
     * @param x the input, {@code (…, in)}
     * @param weight W, {@code (out, in)}
     * @param bias the bias, {@code (out)}, if there is one
     * @return a new array, {@code (…, out)}
     */
    NDArray linear(NDArray x, NDArray weight, @Nullable NDArray bias);

    /**
     * Returns {@code w · x / √(mean(x²) + ε)}, the mean over the last axis (Zhang and Sennrich,
     * "Root Mean Square Layer Normalization", 2019).
     *
     * @param x the input, {@code (…, d)}, fp32
     * @param weight w, {@code (d)}, fp32
     * @param epsilon ε
     * @return a new array, {@code (…, d)}
     */
    NDArray rmsNorm(NDArray x, NDArray weight, float epsilon);

    /**
     * Returns {@code gate · σ(gate) · up}, σ being the logistic function (Shazeer, "GLU Variants
     * Improve Transformer", 2020).
     *
     * @param gate {@code (…, I)}
     * @param up {@code (…, I)}
     * @return {@code (…, I)}; outside of training it may be {@code gate}'s own memory, which holds
     *     nothing else any more
     */
    NDArray swiGlu(NDArray gate, NDArray up);
}
