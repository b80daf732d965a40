package dev.ligature.plan;

/** How a module reads its weight, which decides whether and how LoRA adapts it. */
public enum ModuleKind {
    /** Multiplies by the transposed weight: y = x Wᵀ. */
    LINEAR,

    /** Looks rows of the weight up: y = W[ids]. */
    EMBEDDING,

    /** Anything else; LoRA cannot adapt it. */
    OTHER
}
