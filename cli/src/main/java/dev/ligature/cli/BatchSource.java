package dev.ligature.cli;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;

/** Where the batches of a training come from. */
interface BatchSource {
    /**
     * Returns the batch of a step.
     *
     * @param step the step, from 1; asked in order
     * @param manager owns the batch
     * @return token ids, (B, T) int64
     */
    NDArray batch(int step, NDManager manager);
}
