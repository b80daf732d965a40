package dev.ligature.ops;

import ai.djl.ndarray.NDArray;
import org.jspecify.annotations.Nullable;

/**
 * One forward pass in training and the backward pass to it, with operators whose gradients are
 * written out. The engine's autograd does what lies between them: it sees the result of each
 * operator as an array of its own, and the tape takes the gradients from there to the operator's
 * arguments.
 *
 * <p>For one thread. Closing the tape frees what it holds.
 */
public interface GradientTape extends Operators, AutoCloseable {
    /**
     * Returns {@code x (W + s B A)ᵀ + bias}, which is trained by its factors.
     *
     * @param x the input, {@code (…, in)}
     * @param weight W, {@code (out, in)}, frozen
     * @param bias the bias, {@code (out)}, frozen, if there is one
     * @param a the factor A, {@code (r, in)}
     * @param b the factor B, {@code (out, r)}
     * @param scaling s, a scalar array
     * @return a new array, {@code (…, out)}; null if the tape does not compute it for such arrays
     */
    @Nullable NDArray lora(
            NDArray x,
            NDArray weight,
            @Nullable NDArray bias,
            NDArray a,
            NDArray b,
            NDArray scaling);

    /**
     * Returns the sum of the cross entropies of classes, divided by a number of items.
     *
     * @param logits {@code (…, C)}, N of them
     * @param classes the classes, {@code (N, 1)} int64
     * @param counted 1 where a class counts and 0 where not, {@code (N, 1)} fp32; null if all do
     * @param items what to divide by
     * @return a scalar array; null if the tape does not compute it for such arrays
     */
    @Nullable NDArray crossEntropy(
            NDArray logits, NDArray classes, @Nullable NDArray counted, long items);

    /**
     * Adds the gradients of a loss to the parameters that the pass read. Once for a tape.
     *
     * @param loss a scalar array that the pass computed
     */
    void backward(NDArray loss);

    @Override
    void close();
}
