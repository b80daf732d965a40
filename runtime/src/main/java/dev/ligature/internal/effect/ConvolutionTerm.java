package dev.ligature.internal.effect;

import static dev.ligature.internal.adapter.AdapterArray.attached;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.convolutional.Convolution;
import dev.ligature.internal.adapter.FactorArrays;
import dev.ligature.internal.slot.WindowProduct;
import dev.ligature.plan.PairPlan;

/**
 * The term of a convolution: A is one with the base's window, stride, padding and dilation from all
 * channels to r, and B one of a single point from r, in the base's groups. Both are computed as
 * products of matrices.
 */
final class ConvolutionTerm {
    private ConvolutionTerm() {}

    /**
     * Returns s · (B A x + bias).
     *
     * @param factors A as (r, channels · window) and B as (out, r / groups)
     * @param base the base's block
     * @param x the input in the factors' data type, (N, channels, …)
     */
    static NDArray of(
            FactorArrays factors,
            PairPlan.Kernel kernel,
            Convolution base,
            NDArray x,
            boolean training) {
        NDManager owner = x.getManager(); // not the adapter's, which lives on
        NDArray low = WindowProduct.of(base, 1).convolve(x, factors.a()); // (N, r, …)
        Shape shape = low.getShape();
        long groups = kernel.groups();
        NDArray b = factors.b();
        long out = b.getShape().get(0);
        long perGroup = b.getShape().get(1); // r / groups
        // (groups, out / groups, r / groups) x (N, groups, r / groups, L) -> (N, groups, …, L)
        NDArray points = low.reshape(shape.get(0), groups, perGroup, -1);
        NDArray high =
                groups == 1
                        ? b.matMul(points)
                        : attached(b.reshape(groups, out / groups, perGroup), owner).matMul(points);
        high.attach(owner); // it would belong to the manager of the left side
        Shape outShape = new Shape(shape.get(0), out).addAll(shape.slice(2));
        NDArray sum = high.reshape(outShape); // (N, out, …)
        if (factors.bias() != null) {
            sum = sum.add(perChannel(factors.bias(), outShape, owner));
        }
        return factors.scaled(sum, training);
    }

    /** Returns an array (out) as the owner's that is added to or multiplied with (N, out, …). */
    static NDArray perChannel(NDArray array, Shape output, NDManager owner) {
        Shape shape = new Shape(1, array.size());
        for (int i = 2; i < output.dimension(); i++) {
            shape = shape.add(1);
        }
        return attached(array.reshape(shape), owner);
    }
}
