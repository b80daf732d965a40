package dev.ligature.training;

/** The optimizers of the training loop. */
public enum OptimizerKind {
    /** {@link AdamW}. */
    ADAMW,

    /** {@link Sgd}, without momentum unless the configuration has one. */
    SGD
}
