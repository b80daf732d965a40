package dev.ligature.cli;

import ai.djl.ndarray.NDManager;
import dev.ligature.training.BatchSampler;
import dev.ligature.training.StepMetrics;
import dev.ligature.training.TrainingLoop;

/**
 * Windows of a stream of text, without padding.
 *
 * @param sampler draws them
 */
record TextWindows(BatchSampler sampler) implements BatchSource {
    @Override
    public StepMetrics step(TrainingLoop loop, NDManager scope) {
        return loop.step(sampler.next(scope)); // (B, T)
    }

    @Override
    public String items() {
        return "tokens";
    }
}
