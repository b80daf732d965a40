package dev.ligature.internal.slot;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.convolutional.Conv1d;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.convolutional.Convolution;
import ai.djl.training.GradientCollector;
import dev.ligature.plan.ModuleKind;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compares float32 convolutions of the engine with products of matrices, on a small input: once per
 * process and kind of shape.
 */
final class ConvolutionCheck {
    private static final Logger LOG = LoggerFactory.getLogger(ConvolutionCheck.class);
    private static final ConvolutionCheck OF_ENGINE = new ConvolutionCheck(Engine::of);
    private static final int OUTPUTS = 5; // along each dimension
    private static final double TOLERANCE = 1e-3; // of the largest number; 1e-6 is usual

    private final Engine engine;
    private final Map<Kind, Double> errors = new ConcurrentHashMap<>();

    ConvolutionCheck(Engine engine) {
        this.engine = engine;
    }

    /** What computes a convolution. */
    interface Engine {
        NDArray convolve(NDArray x, NDArray weight, WindowProduct settings);

        /** Computes it as DJL's blocks do. */
        static NDArray of(NDArray x, NDArray weight, WindowProduct settings) {
            Shape stride = settings.stride();
            Shape padding = settings.padding();
            Shape dilation = settings.dilation();
            int groups = settings.groups();
            return (settings.window().dimension() == 1
                            ? Conv1d.conv1d(x, weight, null, stride, padding, dilation, groups)
                            : Conv2d.conv2d(x, weight, null, stride, padding, dilation, groups))
                    .singletonOrThrow();
        }
    }

    /** What an engine chooses its way of computing by. */
    private record Kind(Shape weight, WindowProduct settings) {}

    /** Logs the modules whose convolutions the engine computes wrongly, in one warning. */
    static void warn(List<Slot> slots) {
        OF_ENGINE.check(slots);
    }

    void check(List<Slot> slots) {
        List<String> wrong = slots.stream().filter(this::isWrong).map(Slot::name).toList();
        if (!wrong.isEmpty()) {
            SlotMessage message = SlotMessage.CONVOLUTION_WRONG;
            LOG.warn("[{}] {}", message.code(), message.text(String.join(", ", wrong)));
        }
    }

    private boolean isWrong(Slot slot) {
        if (!(slot.base() instanceof Convolution convolution)
                || slot.kind() != ModuleKind.CONVOLUTION
                || slot.weight() == null) {
            return false;
        }
        NDArray weight = slot.weight().getArray();
        if (weight.getDataType() != DataType.FLOAT32 || weight.getDevice().isGpu()) {
            return false;
        }
        WindowProduct settings = WindowProduct.of(convolution, convolution.getGroups());
        Kind kind = new Kind(weight.getShape(), settings);
        Double error = errors.get(kind);
        if (error == null) {
            error = error(weight, settings);
            errors.put(kind, error);
        }
        return !(error <= TOLERANCE); // also where it is NaN
    }

    /** Returns by how much the engine is off, in parts of the largest number; or NaN. */
    private double error(NDArray weight, WindowProduct settings) {
        long channels = weight.getShape().get(1) * settings.groups();
        Shape shape = new Shape(1, channels).addAll(settings.inputFor(OUTPUTS));
        try (NDManager manager = weight.getManager().newSubManager()) {
            NDArray x = numbers(shape, manager);
            NDArray same = numbers(shape, manager);
            if (!CollectorTurn.LOCK.tryLock()) {
                return outputError(x, same, weight, settings); // a training collects at present
            }
            try (GradientCollector collector = manager.getEngine().newGradientCollector()) {
                x.setRequiresGradient(true);
                same.setRequiresGradient(true);
                NDArray y = engine.convolve(x, weight, settings);
                NDArray right = settings.convolve(same, weight);
                NDArray factors = numbers(y.getShape(), manager);
                collector.backward(y.add(right).mul(factors).sum());
                double error = difference(y, right);
                return Math.max(error, difference(x.getGradient(), same.getGradient()));
            } catch (IllegalStateException e) { // so does a training that is not ours
                return outputError(x, same, weight, settings);
            } finally {
                CollectorTurn.LOCK.unlock();
            }
        }
    }

    private double outputError(NDArray x, NDArray same, NDArray weight, WindowProduct settings) {
        NDArray y = engine.convolve(x, weight, settings);
        return difference(y, settings.convolve(same, weight));
    }

    private static double difference(NDArray found, NDArray right) {
        double largest = largest(right);
        return Double.isFinite(largest) // if not, the base's numbers are not
                ? largest(found.sub(right)) / Math.max(largest, Float.MIN_NORMAL)
                : 0;
    }

    private static double largest(NDArray array) {
        return array.abs().max().getFloat();
    }

    /** Returns fixed numbers within ±1, without the engine's random ones, which users may count. */
    private static NDArray numbers(Shape shape, NDManager manager) {
        return manager.arange(0, (int) shape.size(), 1, DataType.FLOAT32).sin().reshape(shape);
    }
}
