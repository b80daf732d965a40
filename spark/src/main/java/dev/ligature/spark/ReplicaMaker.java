package dev.ligature.spark;

import dev.ligature.models.training.TrainingReplica;
import java.io.IOException;
import java.io.Serializable;

/**
 * Makes the copy of a model that an executor computes gradients with. Spark sends it, so it holds
 * values alone, such as paths; what it makes is loaded or drawn as in the training itself.
 *
 * <pre>{@code
 * ReplicaMaker maker =
 *         () -> {
 *             PretrainedModel model = PretrainedModel.load(Path.of("/models/llama"), options());
 *             model.lora().create("mine", config(), 0);
 *             return new TrainingReplica(
 *                     model, "mine", TaskKind.CAUSAL.on(model, settings()), TrainingMemory.DEFAULT);
 *         };
 * }</pre>
 */
@FunctionalInterface
public interface ReplicaMaker extends Serializable {
    /**
     * Returns a new copy.
     *
     * @throws IOException if a file is missing on this machine, or damaged
     */
    TrainingReplica make() throws IOException;
}
