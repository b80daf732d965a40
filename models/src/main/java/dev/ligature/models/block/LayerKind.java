package dev.ligature.models.block;

/**
 * What the layers of a decoder may differ in.
 *
 * @param rope how positions turn queries and keys
 * @param window how many tokens one sees, itself among them; 0 if it sees all before it
 */
public record LayerKind(Rope rope, int window) {}
