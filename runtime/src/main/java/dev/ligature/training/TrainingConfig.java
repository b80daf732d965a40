package dev.ligature.training;

import ai.djl.ndarray.NDManager;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.ParameterTracker;
import ai.djl.training.tracker.Tracker;
import dev.ligature.training.schedule.LearningRateSchedule;
import dev.ligature.training.schedule.LoraPlus;
import java.util.Objects;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The settings of a training, with torch's defaults.
 *
 * @param optimizer the optimizer
 * @param schedule the learning rate of each step, counted from 1
 * @param weightDecay the weight decay
 * @param beta1 AdamW's decay rate of the mean
 * @param beta2 AdamW's decay rate of the variance
 * @param epsilon AdamW's ε
 * @param momentum SGD's momentum; 0 is none
 * @param maxGradNorm the greatest global gradient norm; infinite is no clipping
 * @param accumulationSteps how many batches {@link TrainingLoop#step(BatchSampler)} takes for one
 *     step
 * @param partitions into how many parts the batches of a step are divided, whose gradients are
 *     rounded before they are added; null for a part for each batch
 * @param memory what may be in memory at once
 * @param loraPlus the rates of single parameters; null for one rate
 * @param seed what the engine's random numbers of each batch follow from, together with its place;
 *     null for those of the engine as they come
 */
public record TrainingConfig(
        OptimizerKind optimizer,
        Tracker schedule,
        double weightDecay,
        double beta1,
        double beta2,
        double epsilon,
        double momentum,
        double maxGradNorm,
        int accumulationSteps,
        @Nullable Integer partitions,
        TrainingMemory memory,
        @Nullable LoraPlus loraPlus,
        @Nullable Integer seed) {
    /** The optimizers of the training loop. */
    public enum OptimizerKind {
        /** {@link AdamW}. */
        ADAMW,

        /** {@link Sgd}, without momentum unless the configuration has one. */
        SGD
    }

    private static final double INFINITE = Double.POSITIVE_INFINITY;

    /** Checks the ranges. */
    public TrainingConfig {
        require(
                weightDecay >= 0 && weightDecay < INFINITE,
                "weightDecay",
                weightDecay,
                "at least 0, and finite");
        require(beta1 >= 0 && beta1 < 1, "beta1", beta1, "in [0, 1)");
        require(beta2 >= 0 && beta2 < 1, "beta2", beta2, "in [0, 1)");
        require(epsilon >= 0 && epsilon < INFINITE, "epsilon", epsilon, "at least 0, and finite");
        require(momentum >= 0 && momentum < 1, "momentum", momentum, "in [0, 1)");
        require(maxGradNorm > 0, "maxGradNorm", maxGradNorm, "greater than 0");
        require(
                partitions == null || partitions >= 1,
                "partitions",
                partitions == null ? 1 : partitions,
                "at least 1");
        require(accumulationSteps >= 1, "accumulationSteps", accumulationSteps, "at least 1");
        require(
                optimizer == OptimizerKind.SGD || momentum == 0,
                "momentum",
                momentum,
                "0 with AdamW, which has betas");
        Objects.requireNonNull(memory, "memory");
    }

    /** Returns a builder: AdamW, lr 1e-3, betas 0.9 and 0.999, ε 1e-8, no clipping. */
    public static Builder builder() {
        return new Builder();
    }

    /** Returns a new optimizer with these settings and its own learning rate. */
    Optimizer newOptimizer(
            ParameterTracker learningRate, Predicate<String> decayed, NDManager manager) {
        float decay = (float) weightDecay;
        return switch (optimizer) {
            case ADAMW ->
                    AdamW.builder()
                            .setManager(manager)
                            .optLearningRateTracker(learningRate)
                            .optBetas(beta1, beta2)
                            .optEpsilon(epsilon)
                            .optWeightDecays(decay)
                            .optDecayed(decayed)
                            .build();
            case SGD ->
                    Sgd.builder()
                            .setManager(manager)
                            .optLearningRateTracker(learningRate)
                            .optMomentum(momentum)
                            .optWeightDecays(decay)
                            .optDecayed(decayed)
                            .build();
        };
    }

    private static void require(boolean holds, String name, double value, String range) {
        if (!holds) {
            throw TrainingMessage.CONFIG.error(name, value, range);
        }
    }

    /** Builds a {@link TrainingConfig}. */
    public static final class Builder {
        private OptimizerKind optimizer = OptimizerKind.ADAMW;
        private @Nullable Double learningRate;
        private @Nullable Tracker schedule;
        private @Nullable Double weightDecay;
        private @Nullable Double beta1;
        private @Nullable Double beta2;
        private @Nullable Double epsilon;
        private double momentum;
        private double maxGradNorm = INFINITE;
        private int accumulationSteps = 1;
        private @Nullable Integer partitions;
        private TrainingMemory memory = TrainingMemory.DEFAULT;
        private @Nullable LoraPlus loraPlus;
        private @Nullable Integer seed;

        private Builder() {}

        /** Sets the optimizer; AdamW by default. */
        public Builder optOptimizer(OptimizerKind optimizer) {
            Objects.requireNonNull(optimizer, "optimizer");
            this.optimizer = optimizer;
            return this;
        }

        /** Sets a constant learning rate; 1e-3 by default. */
        public Builder optLearningRate(double learningRate) {
            this.learningRate = learningRate;
            return this;
        }

        /** Sets the learning rate of each step, instead of a constant one. */
        public Builder optSchedule(Tracker schedule) {
            Objects.requireNonNull(schedule, "schedule");
            this.schedule = schedule;
            return this;
        }

        /** Sets the weight decay; 0.01 by default with AdamW, and 0 with SGD, as in torch. */
        public Builder optWeightDecay(double weightDecay) {
            this.weightDecay = weightDecay;
            return this;
        }

        /** Sets AdamW's decay rates of mean and variance. */
        public Builder optBetas(double beta1, double beta2) {
            this.beta1 = beta1;
            this.beta2 = beta2;
            return this;
        }

        /** Sets AdamW's ε. */
        public Builder optEps(double epsilon) {
            this.epsilon = epsilon;
            return this;
        }

        /** Sets SGD's momentum. */
        public Builder optMomentum(double momentum) {
            this.momentum = momentum;
            return this;
        }

        /** Sets the greatest global gradient norm; no clipping by default. */
        public Builder optMaxGradNorm(double maxGradNorm) {
            this.maxGradNorm = maxGradNorm;
            return this;
        }

        /** Sets how many of a sampler's batches make one step; 1 by default. */
        public Builder optAccumulationSteps(int accumulationSteps) {
            this.accumulationSteps = accumulationSteps;
            return this;
        }

        /**
         * Sets into how many parts the batches of a step are divided, a part for each batch by
         * default. The gradients of a part are computed in one place, one batch after the other,
         * and rounded once: with fewer parts, processes exchange less. See {@link
         * GradientExchange}.
         */
        public Builder optPartitions(int partitions) {
            this.partitions = partitions;
            return this;
        }

        /** Sets what may be in memory at once; {@link TrainingMemory#DEFAULT} by default. */
        public Builder optMemory(TrainingMemory memory) {
            this.memory = Objects.requireNonNull(memory, "memory");
            return this;
        }

        /** Sets a rate of their own for the factors B, by LoRA+; none by default. */
        public Builder optLoraPlus(LoraPlus loraPlus) {
            Objects.requireNonNull(loraPlus, "loraPlus");
            this.loraPlus = loraPlus;
            return this;
        }

        /**
         * Seeds the engine's random numbers, which dropout draws, anew for each batch from this
         * seed, the step's number and the batch's place in the step. A training that goes on from
         * {@link TrainingLoop#state} then draws what it would have drawn. The engine has one
         * generator for all of a process.
         */
        public Builder optSeed(int seed) {
            this.seed = seed;
            return this;
        }

        /** Returns the configuration. */
        public TrainingConfig build() {
            boolean adamw = optimizer == OptimizerKind.ADAMW;
            if (schedule != null && learningRate != null) {
                throw TrainingMessage.RATE_AND_SCHEDULE.error();
            }
            if (!adamw && (beta1 != null || epsilon != null)) {
                throw TrainingMessage.SGD_BETAS.error();
            }
            double rate = orElse(learningRate, 1e-3);
            require(rate >= 0 && rate < INFINITE, "learningRate", rate, "at least 0, and finite");
            return new TrainingConfig(
                    optimizer,
                    schedule != null ? schedule : LearningRateSchedule.constant(rate, 0),
                    orElse(weightDecay, adamw ? 0.01 : 0),
                    orElse(beta1, 0.9),
                    orElse(beta2, 0.999),
                    orElse(epsilon, 1e-8),
                    momentum,
                    maxGradNorm,
                    accumulationSteps,
                    partitions,
                    memory,
                    loraPlus,
                    seed);
        }

        private static double orElse(@Nullable Double set, double otherwise) {
            return set != null ? set : otherwise;
        }
    }
}
