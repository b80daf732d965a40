package dev.ligature.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.ParameterTracker;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Gradient descent with torch's formula ({@code torch.optim.SGD}, without dampening). With gradient
 * g:
 *
 * <pre>
 * d ← g + decay · w
 * b ← momentum · b + d      (b starts at d; without momentum b is d)
 * w ← w − lr · b
 * </pre>
 *
 * <p>DJL's own Sgd keeps the learning rate inside b, so a schedule acts late; here it acts at once.
 * The state belongs to the manager given to the builder.
 */
public final class Sgd extends Optimizer {
    private final NDManager manager;
    private final ParameterTracker learningRate;
    private final Predicate<String> decayed;
    private final float momentum;
    private final Map<String, NDArray> buffers = new ConcurrentHashMap<>();

    private Sgd(Builder builder) {
        super(builder);
        this.manager = builder.manager();
        this.learningRate = builder.learningRate();
        this.decayed = builder.decayed();
        this.momentum = (float) builder.momentum;
    }

    /** Returns a builder with torch's defaults: no momentum, no decay, lr 1e-3. */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Returns the momentum buffer of a parameter, or nothing without momentum or before the first
     * step. It belongs to the optimizer and changes with each step.
     *
     * @param parameterId the parameter's {@code getId()}
     */
    public Optional<NDArray> momentumBuffer(String parameterId) {
        Objects.requireNonNull(parameterId, "parameterId");
        return Optional.ofNullable(buffers.get(parameterId));
    }

    @Override
    public void update(String parameterId, NDArray weight, NDArray grad) {
        float lr = learningRate.getNewValue(parameterId, updateCount(parameterId));
        if (momentum == 0) {
            descend(weight, grad, lr, decay(parameterId), rescaleGrad);
        } else {
            descend(weight, remember(parameterId, weight, grad), lr, 0, 1);
        }
    }

    private float decay(String parameterId) {
        return decayed.test(parameterId) ? getWeightDecay() : 0;
    }

    /** Remembers a copy of a momentum buffer in place of the parameter's own; null is none. */
    void restore(String parameterId, @Nullable NDArray buffer) {
        NDArray last = buffers.remove(parameterId);
        if (last != null) {
            last.close();
        }
        if (buffer != null) {
            NDArray copy = buffer.toDevice(manager.getDevice(), true);
            copy.attach(manager);
            buffers.put(parameterId, copy);
        }
    }

    /** Returns the parameter's buffer after this step's gradient and decay went in. */
    private NDArray remember(String parameterId, NDArray weight, NDArray grad) {
        NDArray buffer =
                buffers.computeIfAbsent(
                        parameterId,
                        id -> {
                            NDArray zeros = weight.zerosLike();
                            zeros.attach(manager);
                            return zeros;
                        });
        try (NDManager scope = manager.newSubManager(weight.getDevice())) {
            buffer.muli(scalar(scope, momentum));
            NDArray scaled =
                    scalar(scope, rescaleGrad).mul(grad); // the left operand's scope owns it
            buffer.addi(scaled);
            if (decay(parameterId) != 0) {
                NDArray plain = weight.stopGradient(); // the same storage, outside of any graph
                plain.attach(scope);
                buffer.addi(scalar(scope, decay(parameterId)).mul(plain));
            }
        }
        return buffer;
    }

    private static NDArray scalar(NDManager scope, float value) {
        return scope.full(new Shape(), value, DataType.FLOAT32);
    }

    /**
     * Takes target − lr · (rescale · grad + decay · target) without a graph, and zeroes its grad.
     */
    private static void descend(
            NDArray target, NDArray grad, float lr, float decay, float rescale) {
        target.getNDArrayInternal()
                .sgdUpdate(
                        new NDList(target, grad),
                        new NDList(target),
                        lr,
                        decay,
                        rescale,
                        -1,
                        0,
                        true);
    }

    /** Builds an {@link Sgd}. */
    public static final class Builder extends TorchOptimizerBuilder<Builder> {
        private double momentum;

        private Builder() {}

        /** Sets the momentum, in [0, 1); 0 is none. */
        public Builder optMomentum(double momentum) {
            this.momentum = momentum;
            return this;
        }

        /** Returns the optimizer. */
        public Sgd build() {
            return new Sgd(this);
        }

        @Override
        protected Builder self() {
            return this;
        }
    }
}
