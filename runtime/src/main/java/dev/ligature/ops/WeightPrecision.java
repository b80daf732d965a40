package dev.ligature.ops;

/** How the weights of a base are held for serving, where not as fp32. */
public enum WeightPrecision {
    /** As bfloat16: half of the memory, 8 significant bits. A bf16 file loses nothing. */
    BF16,

    /**
     * As whole numbers from −127 to 127 with one scale for each row: a quarter of the memory. A
     * weight differs from its file's by half a step at most, a step being the largest value of its
     * row over 127.
     */
    INT8
}
