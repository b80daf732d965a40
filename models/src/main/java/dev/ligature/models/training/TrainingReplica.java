package dev.ligature.models.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.ligature.Routing;
import dev.ligature.models.PretrainedModel;
import dev.ligature.models.internal.ModelMessage;
import dev.ligature.training.GradientExchange;
import dev.ligature.training.TrainingBatch;
import dev.ligature.training.TrainingMemory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A copy of a model under training, in another process: it computes the gradients of batches, by
 * factors that it is given. For one thread at a time.
 */
public final class TrainingReplica implements AutoCloseable {
    private final PretrainedModel model;
    private final TrainingTask<?> task;
    private final GradientExchange.Local gradients;

    /**
     * Creates it, with a model and an adapter that are loaded or made as those under training are.
     *
     * @param model the model, which it closes
     * @param adapter the name of the adapter on the model; its factors are replaced
     * @param task what is trained
     * @param memory what may be in memory at once, as in the training
     * @throws dev.ligature.LoraException if the adapter is unknown, or not trainable
     */
    public TrainingReplica(
            PretrainedModel model, String adapter, TrainingTask<?> task, TrainingMemory memory) {
        this.model = Objects.requireNonNull(model, "model");
        this.task = Objects.requireNonNull(task, "task");
        this.gradients =
                GradientExchange.Local.over(
                        model.lora().routed(Routing.of(adapter)), model.manager(), memory);
    }

    /** Returns the owner of the model's weights. */
    public NDManager manager() {
        return model.manager();
    }

    /**
     * Computes the gradients of a part of a step.
     *
     * @param parameters the values of the trained parameters, by their names
     * @param part the batches
     * @param scope the owner of the gradients
     * @throws dev.ligature.LoraException if the parameters are not those of the adapter ({@code
     *     TrainState}), or a batch is of another task ({@code TrainTask})
     */
    public GradientExchange.Local.Result compute(
            Map<String, NDArray> parameters,
            List<GradientExchange.MicroBatch> part,
            NDManager scope) {
        List<TrainingBatch> batches = new ArrayList<>();
        List<@Nullable Integer> seeds = new ArrayList<>();
        for (GradientExchange.MicroBatch batch : part) {
            TrainingBatch made = task.batch(batch.inputs(), batch.labels(), batch.count());
            String loss = made.loss().getName();
            if (!loss.equals(batch.loss())) {
                throw ModelMessage.OTHER_LOSS.error(batch.loss(), loss);
            }
            batches.add(made);
            seeds.add(batch.seed());
        }
        return gradients.compute(parameters, batches, seeds, scope);
    }

    /** Frees the model and its adapters. */
    @Override
    public void close() {
        gradients.close();
        model.close();
    }
}
