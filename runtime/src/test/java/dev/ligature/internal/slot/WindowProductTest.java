package dev.ligature.internal.slot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import dev.ligature.Numbers;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class WindowProductTest {
    private static final double TOLERANCE = 2e-5;

    private final Random random = new Random(7);

    /** Values and gradients, next to the engine's convolution of the same numbers in float64. */
    @Test
    void float32ProductsAreConvolutionsOfDoubles_whateverTheChannels() {
        for (int out = 1; out <= 33; out++) {
            for (int dimensions = 1; dimensions <= 2; dimensions++) {
                check(drawn(dimensions, 1), out, 1 + 2 * random.nextInt(14));
            }
        }
    }

    @Test
    void groupsReadTheirOwnChannels() {
        for (int groups = 2; groups <= 5; groups++) {
            check(drawn(1, groups), 3 * groups, 2 * groups);
            check(drawn(2, groups), groups, groups);
        }
    }

    /** Both ways of computing: few outputs of many channels, and the reverse. */
    @Test
    void patchesAndWideWindows() {
        Shape one = new Shape(1, 1);
        Shape none = new Shape(0, 0);
        Shape patch = new Shape(4, 4);
        check(new WindowProduct(patch, patch, none, one, 1), 8, 3);
        check(new WindowProduct(patch, patch, none, one, 1), 24, 24);
        check(new WindowProduct(new Shape(7), new Shape(1), new Shape(3), new Shape(1), 1), 4, 24);
        check(new WindowProduct(new Shape(7), new Shape(1), new Shape(3), new Shape(1), 1), 24, 4);
    }

    private WindowProduct drawn(int dimensions, int groups) {
        Shape window = new Shape();
        Shape stride = new Shape();
        Shape padding = new Shape();
        Shape dilation = new Shape();
        for (int i = 0; i < dimensions; i++) {
            window = window.add(1 + random.nextInt(3));
            stride = stride.add(1 + random.nextInt(3));
            padding = padding.add(random.nextInt(3));
            dilation = dilation.add(1 + random.nextInt(2));
        }
        return new WindowProduct(window, stride, padding, dilation, groups);
    }

    private void check(WindowProduct settings, int out, int channels) {
        String what = out + " from " + channels + ", " + settings;
        Shape input = settings.inputFor(3);
        for (int i = 0; i < input.dimension(); i++) {
            input = Shape.update(input, i, input.get(i) + random.nextInt(3));
        }
        Shape shapeOfX = new Shape(2, channels).addAll(input);
        Shape kernels = new Shape(out, channels / settings.groups()).addAll(settings.window());
        try (NDManager manager = NDManager.newBaseManager()) {
            NDArray x = manager.create(Numbers.fill(shapeOfX, out), shapeOfX);
            NDArray w = manager.create(Numbers.fill(kernels, channels), kernels);
            NDArray wideX = x.toType(DataType.FLOAT64, true);
            NDArray wideW = w.toType(DataType.FLOAT64, true);
            List.of(x, w, wideX, wideW).forEach(array -> array.setRequiresGradient(true));
            try (GradientCollector collector = manager.getEngine().newGradientCollector()) {
                NDArray y = settings.convolve(x, w);
                NDArray right = ConvolutionCheck.Engine.of(wideX, wideW, settings);
                assertEquals(right.getShape(), y.getShape(), what);
                assertClose(what + ": y", right, y);
                NDArray to = manager.create(Numbers.fill(y.getShape(), 3), y.getShape());
                NDArray wideTo = to.toType(DataType.FLOAT64, true);
                collector.backward(y.mul(to).sum());
                collector.backward(right.mul(wideTo).sum());
                assertClose(what + ": x", wideX.getGradient(), x.getGradient());
                assertClose(what + ": w", wideW.getGradient(), w.getGradient());
            }
        }
    }

    private static void assertClose(String what, NDArray right, NDArray found) {
        NDArray gap = found.toType(DataType.FLOAT64, true).sub(right).abs().max();
        double off = gap.getDouble() / right.abs().max().getDouble();
        assertTrue(off <= TOLERANCE, what + " is off by " + off);
    }
}
