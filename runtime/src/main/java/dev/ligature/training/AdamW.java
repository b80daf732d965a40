package dev.ligature.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.ParameterTracker;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * AdamW with torch's formula (Loshchilov and Hutter, <a href="https://arxiv.org/abs/1711.05101">
 * Decoupled Weight Decay Regularization</a>; {@code torch.optim.AdamW}). At a parameter's own step
 * t, with gradient g:
 *
 * <pre>
 * w ← w · (1 − lr · decay)
 * m ← β₁ m + (1 − β₁) g
 * v ← β₂ v + (1 − β₂) g²
 * w ← w − lr · m / (1 − β₁ᵗ) / (√v / √(1 − β₂ᵗ) + ε)
 * </pre>
 *
 * <p>DJL's own AdamW adds ε before the bias correction, counts the steps of all parameters
 * together, and keeps its state to itself. Here ε is where torch has it, a parameter that joins
 * late starts its own count, and the state can be read and has an owner.
 *
 * <p>The state of a parameter is made in its first step and belongs to the manager given to the
 * builder. Works with DJL's {@code Trainer} and with {@link TrainingLoop}.
 */
public final class AdamW extends Optimizer {
    private final NDManager manager;
    private final ParameterTracker learningRate;
    private final Predicate<String> decayed;
    private final float beta1;
    private final float beta2;
    private final double epsilon;
    private final Map<String, State> states = new ConcurrentHashMap<>();

    private AdamW(Builder builder) {
        super(builder);
        this.manager = builder.manager();
        this.learningRate = builder.learningRate();
        this.decayed = builder.decayed();
        this.beta1 = (float) builder.beta1;
        this.beta2 = (float) builder.beta2;
        this.epsilon = builder.epsilon;
    }

    /** Returns a builder with torch's defaults: β 0.9 and 0.999, ε 1e-8, decay 0.01, lr 1e-3. */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * What is remembered of a parameter. The arrays belong to the optimizer and change with each
     * step.
     *
     * @param steps the steps the parameter has taken
     * @param mean the running mean of the gradient, of the parameter's shape
     * @param variance the running mean of the squared gradient, of the parameter's shape
     */
    public record State(int steps, NDArray mean, NDArray variance) {}

    /**
     * Returns what is remembered of a parameter, or nothing before its first step.
     *
     * @param parameterId the parameter's {@code getId()}
     */
    public Optional<State> state(String parameterId) {
        Objects.requireNonNull(parameterId, "parameterId");
        return Optional.ofNullable(states.get(parameterId));
    }

    /** Remembers copies of the arrays of a parameter's state in place of its own; null is none. */
    void restore(String parameterId, @Nullable State state) {
        State last = states.remove(parameterId);
        if (last != null) {
            last.mean().close();
            last.variance().close();
        }
        if (state != null) {
            states.put(
                    parameterId,
                    new State(state.steps(), copy(state.mean()), copy(state.variance())));
        }
    }

    private NDArray copy(NDArray array) {
        NDArray copy = array.toDevice(manager.getDevice(), true);
        copy.attach(manager);
        return copy;
    }

    @Override
    public void update(String parameterId, NDArray weight, NDArray grad) {
        State last = states.get(parameterId);
        State state =
                last == null
                        ? new State(1, zerosLike(weight), zerosLike(weight))
                        : new State(last.steps() + 1, last.mean(), last.variance());
        states.put(parameterId, state);
        double lr = learningRate.getNewValue(parameterId, updateCount(parameterId));
        double meanCorrection = 1 - Math.pow(beta1, state.steps());
        double rootCorrection = Math.sqrt(1 - Math.pow(beta2, state.steps()));
        // DJL's fused kernel takes w − rate · m / (√v + ε'); multiplying torch's fraction by
        // √(1 − β₂ᵗ) above and below gives that form, with both corrections in rate and ε'.
        weight.getNDArrayInternal()
                .adamUpdate(
                        new NDList(weight, grad, state.mean(), state.variance()),
                        new NDList(weight),
                        (float) lr,
                        (float) (lr * rootCorrection / meanCorrection),
                        decayed.test(parameterId) ? getWeightDecay() : 0,
                        rescaleGrad,
                        clipGrad,
                        beta1,
                        beta2,
                        (float) (epsilon * rootCorrection),
                        true,
                        true);
    }

    private NDArray zerosLike(NDArray weight) {
        NDArray zeros = weight.zerosLike();
        zeros.attach(manager);
        return zeros;
    }

    /** Builds an {@link AdamW}. */
    public static final class Builder extends TorchOptimizerBuilder<Builder> {
        private double beta1 = 0.9;
        private double beta2 = 0.999;
        private double epsilon = 1e-8;

        private Builder() {
            optWeightDecays(0.01f);
        }

        /** Sets the decay rates of the running means, each in [0, 1). */
        public Builder optBetas(double beta1, double beta2) {
            this.beta1 = beta1;
            this.beta2 = beta2;
            return this;
        }

        /** Sets ε, which is added to the bias-corrected root of the second moment. */
        public Builder optEpsilon(double epsilon) {
            this.epsilon = epsilon;
            return this;
        }

        /** Returns the optimizer. */
        public AdamW build() {
            return new AdamW(this);
        }

        @Override
        protected Builder self() {
            return this;
        }
    }
}
