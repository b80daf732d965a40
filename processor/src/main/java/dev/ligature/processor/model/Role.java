package dev.ligature.processor.model;

/** What a module is to its model; the constants have the names of the annotation's. */
public enum Role {
    /** Any module. */
    MODULE,
    /** The embedding of the token ids. */
    INPUT_EMBEDDING,
    /** The head that makes logits. */
    OUTPUT_HEAD
}
