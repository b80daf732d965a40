package dev.ligature.ops;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import org.jspecify.annotations.Nullable;

/**
 * A block in front of another one, to which passes may add something. It tells who computes several
 * blocks at once what they compute in a pass without gradients.
 */
public interface AdaptedBlock {
    /**
     * Returns what the block computes, if that is a linear product and factors of adapters beside
     * it; else null.
     *
     * @param store the store that the pass gives its blocks
     * @param x the block's input, or another array with the batch in axis 0; its manager owns what
     *     has to be made
     */
    @Nullable LinearTerms linear(ParameterStore store, NDArray x);

    /**
     * Returns the block behind this one, if the pass adds nothing to it; else null.
     *
     * @param store the store that the pass gives its blocks
     */
    @Nullable Block unadapted(ParameterStore store);
}
