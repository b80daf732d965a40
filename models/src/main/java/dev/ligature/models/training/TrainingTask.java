package dev.ligature.models.training;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.ligature.models.evaluation.Measure;
import dev.ligature.models.text.DataLine;
import dev.ligature.training.TrainingBatch;
import java.io.IOException;
import java.util.List;
import java.util.Random;

/**
 * Turns data into batches with the loss of a task.
 *
 * @param <E> an example: a line as token ids
 */
public sealed interface TrainingTask<E>
        permits CompletionTask,
                PreferenceTask,
                SequenceToSequenceTask,
                TextClassificationTask,
                TokenClassificationTask,
                EmbeddingTask,
                MaskedTask {
    /** Returns what a line of data looks like, for messages. */
    String form();

    /** Returns what the loss is the mean over, in the plural. */
    String items();

    /**
     * Checks the fields of a line.
     *
     * @throws IOException if one is missing or wrong; the message names file and line
     */
    void check(DataLine line) throws IOException;

    /**
     * Makes token ids of a line.
     *
     * @throws IOException if a field is wrong, or the model has no tokenizer
     */
    E read(DataLine line) throws IOException;

    /** Returns how many texts were too long so far, and have been cut. */
    long cut();

    /** Returns what is to be said of how the lines read so far were understood; may be empty. */
    default String note() {
        return "";
    }

    /**
     * Makes a batch.
     *
     * @param examples its rows
     * @param random decides what the task draws
     * @param manager the owner of its arrays
     */
    TrainingBatch batch(List<E> examples, Random random, NDManager manager);

    /** Returns a new measure of how well a model does, beside the loss. */
    Measure measure();

    /** Returns the tensors of a batch in a file; those that may be missing come last. */
    List<BatchTensor> tensors();

    /**
     * Makes a batch of tensors.
     *
     * @param batch the tensors
     */
    TrainingBatch batch(TensorBatch batch);

    /**
     * Makes a batch of the arrays that another batch of this task has, with the loss of the task.
     *
     * @param inputs its inputs
     * @param labels its labels
     * @param count its number of items
     */
    default TrainingBatch batch(NDList inputs, NDList labels, long count) {
        return TrainingBatch.classes(inputs, labels.head());
    }
}
