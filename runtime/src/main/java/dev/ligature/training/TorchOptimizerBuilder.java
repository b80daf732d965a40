package dev.ligature.training;

import ai.djl.training.optimizer.Optimizer;

/** What the builders of our optimizers have in common: which of DJL's options they refuse. */
abstract class TorchOptimizerBuilder<T extends TorchOptimizerBuilder<T>>
        extends Optimizer.OptimizerBuilder<T> {
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
}
