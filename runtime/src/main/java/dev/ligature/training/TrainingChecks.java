package dev.ligature.training;

import ai.djl.Device;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import dev.ligature.LoraException;
import java.util.List;

/** What must hold of a block, a batch and a step's numbers. */
final class TrainingChecks {
    private TrainingChecks() {}

    /** Returns the parameters to train. */
    static List<Parameter> trainable(Block block, Device device) {
        List<Parameter> trainable = Gradients.trainable(block);
        if (trainable.isEmpty()) {
            throw new LoraException(
                    "TrainNothing",
                    "None of the "
                            + block.getParameters().size()
                            + " parameters of the block is trainable. Route a trainable adapter, or"
                            + " unfreeze what is to be trained.");
        }
        for (Parameter parameter : trainable) {
            if (!parameter.isInitialized()) {
                throw new LoraException(
                        "TrainNotInitialized",
                        "Parameter "
                                + parameter.getName()
                                + " has no array. Initialise the block, or load it, before training"
                                + " it.");
            }
            Device actual = parameter.getArray().getDevice();
            if (!actual.equals(device)) {
                throw new LoraException(
                        "TrainDevice",
                        "Parameter "
                                + parameter.getName()
                                + " is on "
                                + actual
                                + " and the loop's manager on "
                                + device
                                + ". Give the loop a manager of the parameters' device.");
            }
        }
        return trainable;
    }

    static void someTokens(long tokens) {
        if (tokens == 0) {
            throw new LoraException(
                    "TrainNoTokens",
                    "The batches have no token that counts. Give at least one batch with a label"
                            + " other than "
                            + NextTokenLoss.IGNORED
                            + " after the first token of a row.");
        }
    }

    static void finite(double norm, double loss, long step, double learningRate) {
        if (!Double.isFinite(norm)) {
            throw new LoraException(
                    "TrainDiverged",
                    "The gradient norm of step "
                            + step
                            + " is "
                            + norm
                            + ", at loss "
                            + loss
                            + " and learning rate "
                            + learningRate
                            + ". The step was not taken. Start again with a lower learning rate, or"
                            + " with a maximum gradient norm.");
        }
    }
}
