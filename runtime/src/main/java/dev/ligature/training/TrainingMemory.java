package dev.ligature.training;

/**
 * What a training may keep in memory at once. The numbers that are trained are the same, up to
 * rounding, whatever is set here.
 *
 * @param logitBytes the most bytes, counted as fp32, for the logits of a language model at once.
 *     Tokens whose logits need more go through its head and the loss in chunks; a chunk takes four
 *     to five times as much on the way. Models whose head can be applied apart are those of the
 *     module models, and those that are a {@link dev.ligature.ops.HeadedModel}
 */
public record TrainingMemory(long logitBytes) {
    /** 128 MiB of logits: 220 tokens with 152,000 logits each, 680 with 50,000. */
    public static final TrainingMemory DEFAULT = new TrainingMemory(128L << 20);

    /** Checks the range. */
    public TrainingMemory {
        if (logitBytes < 1) {
            throw TrainingMessage.CONFIG.error("logitBytes", logitBytes, "at least 1");
        }
    }
}
