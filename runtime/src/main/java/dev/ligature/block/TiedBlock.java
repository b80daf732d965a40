package dev.ligature.block;

import ai.djl.nn.Parameter;

/**
 * A block that reads the weight of another, until it is untied.
 *
 * <p>The shared weight stays a parameter of its owner alone: parameter names, counts and saved
 * files are those of a model with one weight, and a weight that the owner loads is seen here.
 * {@link #untie} ends that.
 */
public interface TiedBlock extends AdaptableBlock {
    /** Returns the weight, owned by the block this one was built on, or by this if it is untied. */
    @Override
    Parameter weight();

    /** Returns whether the block has a weight of its own. */
    boolean isUntied();

    /**
     * Gives the block a weight of its own, with the values that the shared one has now, if it has
     * any: a {@link BlockParameters#copyFor copy} that becomes a direct parameter. From then on it
     * is a parameter of this block, and training or loading one of the two leaves the other as it
     * is. The values belong to the manager of the shared weight's.
     *
     * @throws IllegalStateException if the shared weight has no shape yet, or was untied before
     */
    void untie();
}
