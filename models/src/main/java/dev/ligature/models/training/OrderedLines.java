package dev.ligature.models.training;

import ai.djl.ndarray.NDManager;
import dev.ligature.models.evaluation.EvaluationData;
import dev.ligature.models.evaluation.Measure;
import dev.ligature.models.text.DataFiles;
import dev.ligature.training.TrainingBatch;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Lines of files in their order. What a batch draws depends on the seed and its number.
 *
 * @param <E> an example of the task
 */
final class OrderedLines<E> implements EvaluationData {
    private final TrainingTask<E> task;
    private final DataFiles files;
    private final int[] lines;
    private final int rows;
    private final long seed;

    OrderedLines(TrainingTask<E> task, DataFiles files, int[] lines, int rows, long seed) {
        this.task = task;
        this.files = files;
        this.lines = lines.clone();
        this.rows = rows;
        this.seed = seed;
    }

    @Override
    public int batches() {
        return (lines.length + rows - 1) / rows;
    }

    @Override
    public TrainingBatch batch(int index, NDManager manager) throws IOException {
        List<E> examples = new ArrayList<>();
        for (int i = index * rows; i < Math.min(lines.length, (index + 1) * rows); i++) {
            examples.add(task.read(files.read(lines[i])));
        }
        return task.batch(examples, ExampleBatches.random(seed, index + 1), manager);
    }

    @Override
    public Measure measure() {
        return task.measure();
    }
}
