package dev.ligature.models.evaluation;

import ai.djl.ndarray.NDManager;
import dev.ligature.training.TrainingBatch;
import java.io.IOException;

/** What a model is measured on: the same batches in the same order each time. */
public interface EvaluationData {
    /** Returns how many batches there are. */
    int batches();

    /**
     * Returns a batch.
     *
     * @param index its index
     * @param manager the owner of its arrays
     * @throws IOException if the data cannot be read
     */
    TrainingBatch batch(int index, NDManager manager) throws IOException;

    /** Returns a new measure, which has counted nothing. */
    Measure measure();
}
