package dev.ligature.annotation;

/** What a module is to its model, for the parts of a LoRA configuration that go by it. */
public enum Role {
    /** Any module; the default. */
    MODULE,

    /** The embedding that the model looks its token ids up in. At most one in a model. */
    INPUT_EMBEDDING,

    /** The head that makes logits; {@code all-linear} leaves it out. At most one in a model. */
    OUTPUT_HEAD
}
