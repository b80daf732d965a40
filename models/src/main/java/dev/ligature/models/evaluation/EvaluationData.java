package dev.ligature.models.evaluation;

import ai.djl.ndarray.NDManager;
import dev.ligature.models.internal.ModelMessage;
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

    /**
     * Refuses data of which nothing counts.
     *
     * @param manager the parent of what is read for it
     * @throws IOException if the data cannot be read
     */
    default void requireItems(NDManager manager) throws IOException {
        for (int index = 0; index < batches(); index++) {
            try (NDManager scope = manager.newSubManager()) {
                if (batch(index, scope).count() > 0) {
                    return;
                }
            }
        }
        throw ModelMessage.EVALUATION_EMPTY.error();
    }

    /** Returns a new measure, which has counted nothing. */
    Measure measure();
}
