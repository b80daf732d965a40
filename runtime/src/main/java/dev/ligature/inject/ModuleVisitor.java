package dev.ligature.inject;

import ai.djl.nn.Block;
import dev.ligature.annotation.Role;

/** Receives the modules and ties of a model while a {@link ModuleWalker} walks it. */
public interface ModuleVisitor {
    /**
     * Visits one module.
     *
     * @param path the full checkpoint name, {@code model.layers.0.self_attn.q_proj}
     * @param role what the module is to the model
     * @param block the block in the field
     * @return the block to put in the field, which may be the same
     */
    Block module(String path, Role role, Block block);

    /**
     * Visits one declared tie that holds. Both modules have been shown before.
     *
     * @param reader the full name of the module that is tied
     * @param source the full name of the module whose weight it reads
     */
    default void tie(String reader, String source) {}
}
