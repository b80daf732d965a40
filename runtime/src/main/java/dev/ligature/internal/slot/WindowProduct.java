package dev.ligature.internal.slot;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.convolutional.Convolution;
import java.util.stream.LongStream;

/**
 * A convolution as products of matrices. Some builds of libtorch compute the convolutions of some
 * channels wrongly, with gradients or values that are off or NaN; matrix products are right there.
 *
 * @param window the shape of the window, of one dimension or two, as of all that follow
 */
public record WindowProduct(Shape window, Shape stride, Shape padding, Shape dilation, int groups) {
    /** Returns the product with a convolution's settings. */
    public static WindowProduct of(Convolution base, int groups) {
        return new WindowProduct(
                base.getKernelShape(),
                base.getStride(),
                base.getPadding(),
                base.getDilation(),
                groups);
    }

    /**
     * Returns the convolution, as an array of x's manager.
     *
     * @param x the input, (N, channels, …)
     * @param kernels the weight, (out, channels / groups, window…), or with what follows the first
     *     dimension in one
     */
    public NDArray convolve(NDArray x, NDArray kernels) {
        Shape input = x.getShape().slice(2);
        Shape output = outputs(input);
        long out = kernels.getShape().get(0);
        long channels = x.getShape().get(1);
        boolean shifts = groups == 1 && out * input.size() <= channels * output.size();
        NDArray y = shifts ? shifted(x, kernels) : unfolded(x, kernels); // by time and memory
        return y.reshape(new Shape(x.getShape().get(0), out).addAll(output));
    }

    /** Multiplies each point of the window with the whole input, and adds what belongs together. */
    private NDArray shifted(NDArray x, NDArray kernels) {
        Shape shape = x.getShape();
        long channels = shape.get(1);
        NDArray points = kernels.reshape(kernels.getShape().get(0), channels, -1);
        points.attach(x.getManager()); // not the weight's, which lives on
        NDArray rows = points.transpose(2, 0, 1).reshape(1, -1, channels);
        // (1, points · out, channels) x (N, channels, …) -> (N, points · out, …)
        NDArray product = rows.matMul(x.reshape(shape.get(0), channels, -1));
        NDArray y = padded(product.reshape(new Shape(shape.get(0), -1).addAll(shape.slice(2))));
        for (int i = 0; i < window.dimension(); i++) {
            NDList parts = y.split(window.get(i), 1);
            y = seen(parts.get(0), 2 + i, i, 0);
            for (int point = 1; point < parts.size(); point++) {
                NDArray next = seen(parts.get(point), 2 + i, i, point);
                y = point == 1 ? y.add(next) : y.addi(next);
            }
        }
        return y; // (N, out, …)
    }

    /** Multiplies the input as each point of the window sees it, all of them side by side. */
    private NDArray unfolded(NDArray x, NDArray kernels) {
        NDArray columns = padded(x); // (N, channels, …)
        for (int i = 0; i < window.dimension(); i++) {
            NDList views = new NDList();
            for (int point = 0; point < window.get(i); point++) {
                views.add(seen(columns, 2 + 2 * i, i, point));
            }
            columns = NDArrays.stack(views, 2 + i); // (N, channels, window up to i, …)
        }
        Shape shape = x.getShape();
        long rows = shape.get(1) / groups * window.size();
        NDArray matrices = kernels.reshape(1, groups, -1, rows);
        matrices.attach(x.getManager()); // not the weight's, which lives on
        // (1, groups, out / groups, rows) x (N, groups, rows, …) -> (N, groups, out / groups, …)
        return matrices.matMul(columns.reshape(shape.get(0), groups, rows, -1));
    }

    private NDArray padded(NDArray array) {
        if (LongStream.of(padding.getShape()).allMatch(size -> size == 0)) {
            return array;
        }
        Shape ends = new Shape();
        for (int i = padding.dimension() - 1; i >= 0; i--) { // the engine takes the last one first
            ends = ends.add(padding.get(i), padding.get(i));
        }
        return array.pad(ends, 0);
    }

    /** Returns what a point of the window sees of a padded array along one of its dimensions. */
    private NDArray seen(NDArray padded, int axis, int i, int point) {
        long from = point * dilation.get(i);
        long last = padded.getShape().get(axis) - (window.get(i) - 1 - point) * dilation.get(i);
        return padded.get(new NDIndex().addAllDim(axis).addSliceDim(from, last, stride.get(i)));
    }

    /** Returns the smallest input with so many outputs along each dimension. */
    Shape inputFor(long outputs) {
        Shape input = new Shape();
        for (int i = 0; i < window.dimension(); i++) {
            long reach = dilation.get(i) * (window.get(i) - 1) + 1;
            long size = (outputs - 1) * stride.get(i) + reach - 2 * padding.get(i);
            input = input.add(Math.max(1, size));
        }
        return input;
    }

    private Shape outputs(Shape input) {
        Shape outputs = new Shape();
        for (int i = 0; i < window.dimension(); i++) {
            long reach = dilation.get(i) * (window.get(i) - 1);
            long room = input.get(i) + 2 * padding.get(i) - reach - 1;
            outputs = outputs.add(Math.floorDiv(room, stride.get(i)) + 1);
        }
        return outputs;
    }
}
