package dev.ligature.models.training;

import dev.ligature.models.evaluation.EvaluationData;
import dev.ligature.models.internal.ModelMessage;
import dev.ligature.models.text.DataFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * The lines of files, in a part to train on and a part to measure on.
 *
 * @param training the part to train on
 * @param heldOut the part to measure on
 */
public record LineSplit(TrainingData training, EvaluationData heldOut) {
    private static final long APART = 0x5DEECE66DL; // from the seeds of the orders

    /**
     * Divides the lines of files.
     *
     * @param task what the lines are for
     * @param files the files
     * @param rows the lines of a batch
     * @param seed decides which lines are held out, and the order of the others
     * @param fraction the part that is held out: at least one line, and not all
     * @throws IOException if a line is wrong, of which the message names file and number
     */
    public static LineSplit of(
            TrainingTask<?> task, List<Path> files, int rows, long seed, double fraction)
            throws IOException {
        DataFiles lines = DataFiles.open(files, task.form(), task::check);
        if (lines.count() < 2) {
            lines.close();
            throw ModelMessage.DATA_ONE_LINE.fileError(files.get(0));
        }
        int[] order = IntStream.range(0, lines.count()).toArray();
        Random random = new Random(seed ^ APART);
        for (int i = order.length - 1; i > 0; i--) {
            int j = random.nextInt(i + 1);
            int swapped = order[i];
            order[i] = order[j];
            order[j] = swapped;
        }
        int held = (int) Math.ceil(fraction * order.length);
        held = Math.max(1, Math.min(order.length - 1, held));
        return of(task, lines, order, held, rows, seed);
    }

    private static <E> LineSplit of(
            TrainingTask<E> task, DataFiles lines, int[] order, int held, int rows, long seed) {
        int[] heldOut = Arrays.stream(order, 0, held).sorted().toArray();
        int[] training = Arrays.stream(order, held, order.length).sorted().toArray();
        return new LineSplit(
                ExampleBatches.of(task, lines, training, rows, seed),
                new OrderedLines<>(task, lines, heldOut, rows, seed));
    }

    /**
     * Returns all lines of files to measure on, in their order.
     *
     * @param task what the lines are for
     * @param files the files; open as long as the process runs
     * @param rows the lines of a batch
     * @param seed what the task draws
     */
    public static EvaluationData all(TrainingTask<?> task, List<Path> files, int rows, long seed)
            throws IOException {
        DataFiles lines = DataFiles.open(files, task.form(), task::check);
        return all(task, lines, rows, seed);
    }

    private static <E> EvaluationData all(
            TrainingTask<E> task, DataFiles lines, int rows, long seed) {
        int[] order = IntStream.range(0, lines.count()).toArray();
        return new OrderedLines<>(task, lines, order, rows, seed);
    }
}
