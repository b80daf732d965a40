package dev.ligature.models.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.ligature.training.BatchSampler;
import dev.ligature.training.TrainingBatch;

/**
 * Windows of a stream of text, without padding.
 *
 * @param sampler draws them
 */
record WindowBatches(BatchSampler sampler) implements TrainingData {
    @Override
    public TrainingBatch next(NDManager manager) {
        NDArray ids = sampler.next(manager); // (B, T)
        return CompletionTask.batch(ids, ids);
    }

    @Override
    public void seek(long batch) {
        sampler.seek(batch);
    }

    @Override
    public long batches(double epochs) {
        return sampler.batches(epochs);
    }

    @Override
    public String items() {
        return "tokens";
    }

    @Override
    public String report() {
        return "";
    }

    @Override
    public void close() {}
}
