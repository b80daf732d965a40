package dev.ligature.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;

/** Where a tied block gets its weight from. */
final class SharedWeight {
    private SharedWeight() {}

    /** Returns the weight of the block that a tied one is built on. */
    static Parameter of(Block source) {
        return BlockWeight.of(source)
                .orElseThrow(
                        () ->
                                new IllegalArgumentException(
                                        "A "
                                                + source.getClass().getSimpleName()
                                                + " has no weight to share: give the block that"
                                                + " owns the weight itself."));
    }

    /**
     * Returns a parameter that gets the values of a shared one when it is initialised.
     *
     * @throws IllegalStateException if the block is untied, or the shared parameter has no values
     */
    static Parameter copyFor(TiedBlock block) {
        Parameter shared = block.sharedWeight();
        if (block.isUntied() || !shared.isInitialized()) {
            throw new IllegalStateException(
                    block.isUntied()
                            ? "The block has a weight of its own"
                            : "The weight has no values");
        }
        NDArray array = shared.getArray();
        NDArray values = array.getManager().zeros(array.getShape(), array.getDataType());
        try (NDArray detached = array.stopGradient()) {
            values.set(new NDIndex(":"), detached);
        }
        Parameter own =
                Parameter.builder()
                        .setName("weight")
                        .setType(Parameter.Type.WEIGHT)
                        .optShape(array.getShape())
                        .optInitializer((manager, shape, type) -> values)
                        .build();
        own.freeze(!shared.requiresGradient());
        own.initialize(array.getManager(), array.getDataType());
        return own;
    }
}
