package dev.ligature.spark;

import ai.djl.ndarray.NDManager;
import dev.ligature.models.training.TrainingReplica;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * The copy of a model under training in this JVM. Its tasks take turns: DJL collects the gradients
 * of one pass at a time.
 */
final class Replicas {
    private static final Replicas INSTANCE = new Replicas();

    private @Nullable String training; // whose copy it is; guarded by this
    private @Nullable TrainingReplica replica; // guarded by this

    static Replicas get() {
        return INSTANCE;
    }

    /**
     * Computes the gradients of a part of a step. It depends on nothing but the arguments.
     *
     * @param id the training; a copy of another one is freed
     * @param maker makes the copy of the training, if it is not here
     * @param operators the operators of the driver
     * @param parameters the values of the trained parameters
     * @param part the batches of the part
     * @return the gradients; all of it as {@link ExchangeBytes}
     */
    synchronized byte[] compute(
            String id, ReplicaMaker maker, String operators, byte[] parameters, byte[] part)
            throws IOException {
        TrainingReplica copy = replica;
        if (copy == null || !id.equals(training)) {
            free();
            OperatorChoice.prefer(operators);
            String here = OperatorChoice.here();
            if (!here.equals(operators)) {
                throw SparkMessage.OPERATORS.error(operators, here, Location.host());
            }
            copy = maker.make();
            replica = copy;
            training = id;
        }
        try (NDManager scope = copy.manager().newSubManager()) {
            return ExchangeBytes.ofResult(
                    copy.compute(
                            ExchangeBytes.parameters(parameters, scope),
                            ExchangeBytes.part(part, scope),
                            scope));
        }
    }

    /** Frees the copy of a training, if it is here. */
    synchronized void free(String id) {
        if (id.equals(training)) {
            free();
        }
    }

    private void free() {
        TrainingReplica copy = replica;
        replica = null;
        training = null;
        if (copy != null) {
            copy.close();
        }
    }
}
