package dev.ligature.training.schedule;

import ai.djl.nn.Parameter;
import java.util.Set;

/**
 * A rate of their own for the factors B (Hayou et al., <a
 * href="https://arxiv.org/abs/2402.12354">LoRA+: Efficient Low Rank Adaptation of Large
 * Models</a>), with the groups of PEFT's {@code create_loraplus_optimizer}:
 *
 * <ul>
 *   <li>both factors of an embedding: the rate times {@link #embeddingRatio}
 *   <li>B of all others, and parameters of one axis, such as biases: the rate times {@link #ratio}
 *   <li>the rest, such as A: the rate
 * </ul>
 *
 * <p>Biases do not decay. Nor do, in PEFT, the factors of torch's LayerNorm, which decay here.
 *
 * @param ratio the rate of B divided by that of A; at least 1 is of use
 * @param embeddingRatio the rate of an embedding's factors divided by that of A
 * @param embeddings the names of the pairs of factors that embeddings read, as in the names of
 *     their parameters before {@code .lora_A}
 */
public record LoraPlus(double ratio, double embeddingRatio, Set<String> embeddings) {
    /** Checks the ranges, and copies the set. */
    public LoraPlus {
        require(ratio, "the ratio of LoRA+");
        require(embeddingRatio, "the ratio of embeddings of LoRA+");
        embeddings = Set.copyOf(embeddings);
    }

    private static void require(double ratio, String name) {
        if (!(ratio > 0) || ratio == Double.POSITIVE_INFINITY) {
            throw ScheduleMessage.RANGE.error(name, ratio, "greater than 0, and finite");
        }
    }

    /** Returns what the rate of a parameter is multiplied by. */
    public double factor(Parameter parameter) {
        String name = parameter.getName();
        int factor = Math.max(name.lastIndexOf(".lora_A"), name.lastIndexOf(".lora_B"));
        if (factor >= 0 && embeddings.contains(name.substring(0, factor))) {
            return embeddingRatio;
        }
        return name.endsWith(".lora_B") || parameter.getArray().getShape().dimension() == 1
                ? ratio
                : 1;
    }

    /** Returns whether a parameter decays. */
    public boolean decays(Parameter parameter) {
        return !parameter.getName().contains("bias");
    }
}
