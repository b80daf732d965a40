package dev.ligature.plan;

/** How the factors of a new adapter start; PEFT's {@code init_lora_weights}. */
public enum LoraInit {
    /**
     * PEFT's {@code true}: B is zero, so ΔW starts at zero. A is uniform within ±1/√in where a
     * linear module reads the pair, and standard normal where only embeddings do.
     */
    DEFAULT,

    /**
     * PEFT's {@code false}: both factors are random, so ΔW does not start at zero. A is uniform
     * within ±1/√in and B within ±1/√r where a linear module reads the pair; both are standard
     * normal where only embeddings do.
     */
    RANDOM,

    /** PEFT's {@code "gaussian"}: A is normal with standard deviation 1/r, and B is zero. */
    GAUSSIAN
}
