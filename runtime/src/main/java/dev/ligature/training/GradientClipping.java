package dev.ligature.training;

import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import dev.ligature.internal.loss.Gradients;

/**
 * Clipping of gradients by their global norm, as {@code torch.nn.utils.clip_grad_norm_} does.
 *
 * <p>{@link TrainingLoop} clips by itself. With DJL's {@code Trainer}, clip between backward and
 * {@code trainer.step()}.
 */
public final class GradientClipping {
    private static final double TINY = 1e-6; // torch's

    private GradientClipping() {}

    /**
     * Multiplies the gradients of all trainable parameters of a block by min(1, maxNorm / (norm +
     * 1e-6)), in place.
     *
     * @param block the block
     * @param maxNorm the greatest norm to allow; infinite only measures
     * @param manager the manager of what is computed on the way
     * @return the global norm before clipping
     */
    public static double clip(Block block, double maxNorm, NDManager manager) {
        try (Gradients gradients = Gradients.of(Gradients.trainable(block), manager)) {
            double norm = gradients.norm();
            clip(gradients, norm, maxNorm);
            return norm;
        }
    }

    static void clip(Gradients gradients, double norm, double maxNorm) {
        double factor = maxNorm / (norm + TINY);
        if (factor < 1) {
            gradients.scale(factor);
        }
    }
}
