package dev.ligature.internal.loss;

import ai.djl.ndarray.NDList;

/**
 * A loss of rows of tokens that depends on the probability of each row alone: it needs no logits,
 * only their sums and what follows from them.
 */
@FunctionalInterface
public interface RowLoss {
    /**
     * Computes the loss.
     *
     * @param logs for each row the sum of the logarithms of the probabilities of its tokens that
     *     count, (R)
     * @param counts how many these are, (R)
     * @param slopes is filled with the derivative of the loss by each of the sums, (R)
     * @return the loss, a sum over the items of the batch
     */
    double of(double[] logs, long[] counts, double[] slopes);

    /** A DJL loss of logits whose first label array has the classes of tokens, (R, T). */
    interface OfLabels {
        /**
         * Returns the same loss, of the probabilities of rows.
         *
         * @param labels the labels of a batch
         */
        RowLoss with(NDList labels);
    }
}
