package dev.ligature.training;

/**
 * What one optimizer step did.
 *
 * @param step the number of the step, from 1
 * @param loss the mean cross entropy per counted token, before the step, in nats
 * @param gradNorm the global norm of the gradients, before clipping
 * @param learningRate the learning rate of the step
 * @param tokensPerSecond predicted tokens per second of the whole step
 */
public record StepMetrics(
        long step, double loss, double gradNorm, double learningRate, double tokensPerSecond) {}
