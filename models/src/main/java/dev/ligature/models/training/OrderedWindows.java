package dev.ligature.models.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.ligature.models.evaluation.EvaluationData;
import dev.ligature.models.evaluation.Measure;
import dev.ligature.models.evaluation.TokenMeasure;
import dev.ligature.training.TrainingBatch;
import java.util.List;

/**
 * Windows of a stream of text in their order, for a causal language model.
 *
 * @param windows batches of (B, T) int64 each
 */
public record OrderedWindows(List<NDArray> windows) implements EvaluationData {
    /** Copies the list. */
    public OrderedWindows {
        windows = List.copyOf(windows);
    }

    @Override
    public int batches() {
        return windows.size();
    }

    @Override
    public TrainingBatch batch(int index, NDManager manager) {
        NDArray ids = windows.get(index).duplicate(); // (B, T)
        ids.attach(manager);
        return CompletionTask.batch(ids, ids);
    }

    @Override
    public Measure measure() {
        return new TokenMeasure();
    }
}
