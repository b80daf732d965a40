package dev.ligature.training;

import ai.djl.Device;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import java.util.List;

/** What must hold of a block, a batch and a step's numbers. */
final class TrainingChecks {
    private TrainingChecks() {}

    /** Returns the parameters to train. */
    static List<Parameter> trainable(Block block, Device device) {
        List<Parameter> trainable = Gradients.trainable(block);
        if (trainable.isEmpty()) {
            throw TrainingMessage.NOTHING.error(block.getParameters().size());
        }
        for (Parameter parameter : trainable) {
            if (!parameter.isInitialized()) {
                throw TrainingMessage.NOT_INITIALIZED.error(parameter.getName());
            }
            Device actual = parameter.getArray().getDevice();
            if (!actual.equals(device)) {
                throw TrainingMessage.DEVICE.error(parameter.getName(), actual, device);
            }
        }
        return trainable;
    }

    static void someTokens(long tokens) {
        if (tokens == 0) {
            throw TrainingMessage.NO_TOKENS.error(NextTokenLoss.IGNORED);
        }
    }

    static void finite(double norm, double loss, long step, double learningRate) {
        if (!Double.isFinite(norm)) {
            throw TrainingMessage.DIVERGED.error(step, norm, loss, learningRate);
        }
    }
}
