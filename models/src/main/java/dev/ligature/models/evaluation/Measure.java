package dev.ligature.models.evaluation;

import ai.djl.ndarray.NDList;
import java.util.Map;

/** Counts, batch by batch, how well a model did. */
public interface Measure {
    /**
     * Takes the outputs of a batch.
     *
     * @param labels the labels of the batch
     * @param outputs what the model gave
     * @param items what the batch's loss is the mean of
     */
    void add(NDList labels, NDList outputs, long items);

    /**
     * Returns the numbers by their names, in their order.
     *
     * @param loss the mean loss of all batches
     */
    Map<String, Double> numbers(double loss);
}
