package dev.ligature.plan;

/** How a module reads its weight, which decides whether and how LoRA adapts it. */
public enum ModuleKind {
    /** Multiplies by the transposed weight: y = x Wᵀ. */
    LINEAR,

    /** Looks rows of the weight up: y = W[ids]. */
    EMBEDDING,

    /** Moves windows of the weight over the input, which has one dimension or two. */
    CONVOLUTION,

    /**
     * A block that asks for its weight, whatever it does with it: it gets W + ΔW. What {@code
     * target_parameters} adapts is read so.
     */
    PARAMETER,

    /** Anything else; LoRA cannot adapt it. */
    OTHER
}
