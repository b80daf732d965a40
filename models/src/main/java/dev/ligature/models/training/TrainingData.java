package dev.ligature.models.training;

import ai.djl.ndarray.NDManager;
import dev.ligature.models.text.DataFiles;
import dev.ligature.training.BatchSampler;
import dev.ligature.training.TrainingBatch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Where the batches of a training come from; asked for them in order, by one thread. */
public sealed interface TrainingData extends AutoCloseable
        permits ExampleBatches, TensorFile, WindowBatches {
    /**
     * Returns data of JSONL files, in a random order that the seed decides; each line comes once in
     * an epoch. The lines are read when they are needed.
     *
     * @param task what the lines are for
     * @param files the files
     * @param rows the lines of a batch
     * @param seed the seed
     * @throws IOException if a line is wrong, of which the message names file and number
     */
    static TrainingData lines(TrainingTask<?> task, List<Path> files, int rows, long seed)
            throws IOException {
        return ExampleBatches.of(task, files, rows, seed);
    }

    /**
     * Returns windows of a stream of text, without padding, for a causal language model.
     *
     * @param sampler draws them
     */
    static TrainingData windows(BatchSampler sampler) {
        return new WindowBatches(sampler);
    }

    /**
     * Returns whether a JSONL file has prompts with completions, or conversations, by its first
     * line; else it has whole texts.
     *
     * @param file any file
     * @throws IOException if it cannot be read, or its first line is no JSON object
     */
    static boolean hasPrompts(Path file) throws IOException {
        return isJsonLines(file) && CompletionTask.hasPrompts(file);
    }

    /** Returns whether a file is JSONL, by its name. */
    static boolean isJsonLines(Path file) {
        return DataFiles.isNamed(file.toString());
    }

    /**
     * Returns the next batch.
     *
     * @param manager the owner of its arrays
     * @throws IOException if the data cannot be read
     */
    TrainingBatch next(NDManager manager) throws IOException;

    /**
     * Goes to a batch, as if those before it had been taken.
     *
     * @param batch its index, from 0
     */
    void seek(long batch);

    /** Returns how many batches some epochs are; the last one is filled up from the next epoch. */
    long batches(double epochs);

    /** Returns what the loss is the mean over, in the plural. */
    String items();

    /** Returns how much data there is and was read, by words. */
    default Map<String, Long> counts() {
        return Map.of();
    }

    /** Returns what is to be said of the data after a training; may be empty. */
    String report();

    @Override
    void close() throws IOException;
}
