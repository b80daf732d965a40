package dev.ligature.cli;

import ai.djl.ndarray.NDManager;
import dev.ligature.training.StepMetrics;
import dev.ligature.training.TrainingLoop;
import java.io.IOException;
import java.util.OptionalInt;

/** Where the batches of a training come from. */
interface BatchSource extends AutoCloseable {
    /**
     * Trains on the next batch.
     *
     * @param loop takes the step
     * @param scope owns the batch
     */
    StepMetrics step(TrainingLoop loop, NDManager scope) throws IOException;

    /** Returns what the loss is the mean over, in the plural. */
    String items();

    /** Returns how many batches there are, if they end. */
    default OptionalInt steps() {
        return OptionalInt.empty();
    }

    /** Returns what is to be said of the data after the training; may be empty. */
    default String report() {
        return "";
    }

    @Override
    default void close() throws IOException {}
}
