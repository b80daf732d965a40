package dev.ligature.training;

import ai.djl.ndarray.NDManager;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.ParameterTracker;
import ai.djl.training.tracker.Tracker;
import java.util.Objects;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** What the builders of our optimizers have in common. */
abstract class TorchOptimizerBuilder<T extends TorchOptimizerBuilder<T>>
        extends Optimizer.OptimizerBuilder<T> {
    private @Nullable NDManager manager;
    private ParameterTracker learningRate = Tracker.fixed(1e-3f);
    private Predicate<String> decayed = id -> true;

    /** Sets the manager that owns the state. */
    public T setManager(NDManager manager) {
        this.manager = manager;
        return self();
    }

    /** Sets the learning rate. */
    public T optLearningRateTracker(ParameterTracker learningRate) {
        this.learningRate = learningRate;
        return self();
    }

    /** Sets which parameters decay, by their ids; all by default. */
    T optDecayed(Predicate<String> decayed) {
        this.decayed = decayed;
        return self();
    }

    /**
     * Refuses: DJL's clipping cuts single elements, and on PyTorch only from above.
     *
     * @param clipGrad ignored
     */
    @Override
    public T optClipGrad(float clipGrad) {
        throw new UnsupportedOperationException(
                "Clipping single elements is not supported: clip the global norm with"
                        + " TrainingConfig.optMaxGradNorm or GradientClipping.clip.");
    }

    NDManager manager() {
        return Objects.requireNonNull(manager, "setManager was not called");
    }

    Predicate<String> decayed() {
        return decayed;
    }

    ParameterTracker learningRate() {
        return learningRate;
    }
}
