package dev.ligature.models.evaluation;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import dev.ligature.models.internal.ModelMessage;
import dev.ligature.training.TrainingBatch;
import java.io.IOException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * What a model scored.
 *
 * @param numbers the loss, the mean over all items of the data, then those of the {@link Measure}
 */
public record Evaluation(Map<String, Double> numbers) {
    private static final String LOSS = "loss";

    /** Copies the map, in its order. */
    public Evaluation {
        numbers = Collections.unmodifiableMap(new LinkedHashMap<>(numbers));
    }

    /**
     * Measures a model, without training it.
     *
     * @param block the model, with its adapter
     * @param data what it is measured on
     * @param manager the parent of what is computed
     * @throws IOException if the data cannot be read
     */
    public static Evaluation of(Block block, EvaluationData data, NDManager manager)
            throws IOException {
        return of(block, data, manager, () -> false).orElseThrow();
    }

    /**
     * Measures a model, unless it is to stop.
     *
     * @param stopped is asked before each batch
     * @return what it scored; empty if it was stopped
     */
    public static Optional<Evaluation> of(
            Block block, EvaluationData data, NDManager manager, BooleanSupplier stopped)
            throws IOException {
        Measure measure = data.measure();
        double sum = 0;
        long items = 0;
        for (int index = 0; index < data.batches(); index++) {
            if (stopped.getAsBoolean()) {
                return Optional.empty();
            }
            try (NDManager scope = manager.newSubManager()) {
                TrainingBatch batch = data.batch(index, scope);
                if (batch.count() > 0) {
                    sum += loss(block, batch, measure, scope);
                    items += batch.count();
                }
            }
        }
        if (items == 0) {
            throw ModelMessage.EVALUATION_EMPTY.error();
        }
        Map<String, Double> numbers = new LinkedHashMap<>();
        numbers.put(LOSS, sum / items);
        numbers.putAll(measure.numbers(sum / items));
        return Optional.of(new Evaluation(numbers));
    }

    /** Measures a batch, and returns the sum of the losses of its items. */
    private static double loss(Block block, TrainingBatch batch, Measure measure, NDManager scope) {
        if (batch.predictsClasses() && measure instanceof ClassMeasure classes) {
            Optional<TokenScores> scores =
                    TokenScores.of(block, batch.inputs(), batch.labels().head(), scope);
            if (scores.isPresent()) {
                double[] sum = new double[1];
                scores.get()
                        .forEach(
                                (place, label, log, first) -> {
                                    sum[0] -= log;
                                    classes.count(label, first);
                                });
                return sum[0];
            }
        }
        NDList outputs = block.forward(new ParameterStore(scope, false), batch.inputs(), false);
        outputs.attach(scope);
        NDArray mean = batch.loss().evaluate(batch.labels(), outputs);
        measure.add(batch.labels(), outputs, batch.count());
        return batch.count() * mean.toType(DataType.FLOAT64, false).getDouble();
    }

    /** Returns the loss. */
    public double loss() {
        return numbers.getOrDefault(LOSS, Double.NaN);
    }
}
