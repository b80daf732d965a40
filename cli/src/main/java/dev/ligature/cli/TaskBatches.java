package dev.ligature.cli;

import ai.djl.ndarray.NDManager;
import dev.ligature.models.training.TensorFile;
import dev.ligature.models.training.TrainingData;
import dev.ligature.models.training.TrainingTask;
import dev.ligature.training.StepMetrics;
import dev.ligature.training.TrainingLoop;
import java.io.IOException;
import java.util.OptionalInt;

/**
 * Batches of a task.
 *
 * @param task the task
 * @param data its data
 */
record TaskBatches(TrainingTask<?> task, TrainingData data) implements BatchSource {
    @Override
    public StepMetrics step(TrainingLoop loop, NDManager scope) throws IOException {
        return loop.step(data.next(scope));
    }

    @Override
    public String items() {
        return task.items();
    }

    @Override
    public OptionalInt steps() {
        return data instanceof TensorFile file ? OptionalInt.of(file.steps()) : OptionalInt.empty();
    }

    @Override
    public String report() {
        return data.report();
    }

    @Override
    public void close() throws IOException {
        data.close();
    }
}
