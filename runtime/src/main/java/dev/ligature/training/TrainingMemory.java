package dev.ligature.training;

/**
 * What a training may keep in memory at once. The numbers that are trained are the same, up to
 * rounding, whatever is set here.
 *
 * @param logitBytes the most bytes, counted as fp32, for the logits of a language model at once.
 *     Tokens whose logits need more go through its head and the loss in chunks; a chunk takes four
 *     to five times as much on the way. Models whose head can be applied apart are those of the
 *     module models, and those that are a {@link dev.ligature.ops.HeadedModel}
 * @param recomputesLayers whether memory has the inputs of a model's layers alone, and each layer
 *     is computed once more for its gradients; what it drops out is the same again. A step then has
 *     one forward pass more. Models that can are the decoders of the module models, and those that
 *     are a {@link dev.ligature.ops.LayeredModel}
 */
public record TrainingMemory(long logitBytes, boolean recomputesLayers) {
    /**
     * 128 MiB of logits: 220 tokens with 152,000 logits each, 680 with 50,000. Layers are computed
     * once.
     */
    public static final TrainingMemory DEFAULT = new TrainingMemory(128L << 20, false);

    /** Checks the range. */
    public TrainingMemory {
        if (logitBytes < 1) {
            throw TrainingMessage.CONFIG.error("logitBytes", logitBytes, "at least 1");
        }
    }

    /** Returns the same with another bound on logits. */
    public TrainingMemory withLogitBytes(long bytes) {
        return new TrainingMemory(bytes, recomputesLayers);
    }

    /** Returns the same with layers that are computed twice: gradient checkpointing. */
    public TrainingMemory withRecomputedLayers() {
        return new TrainingMemory(logitBytes, true);
    }
}
