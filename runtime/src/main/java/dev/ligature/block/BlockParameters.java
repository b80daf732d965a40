package dev.ligature.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** Which weight a block reads, and what files call its parameters. */
public final class BlockParameters {
    private BlockParameters() {}

    /**
     * Returns the weight that a block reads: that of an {@link AdaptableBlock}, else the block's
     * only direct parameter of type {@link Parameter.Type#WEIGHT}, else its only one of type {@link
     * Parameter.Type#GAMMA} (norms); empty for a composite block.
     *
     * @param block the block
     */
    public static Optional<Parameter> weightOf(Block block) {
        if (block instanceof AdaptableBlock adaptable) {
            return Optional.of(weight(adaptable));
        }
        Optional<Parameter> weight = only(block, Parameter.Type.WEIGHT);
        return weight.isPresent() ? weight : only(block, Parameter.Type.GAMMA);
    }

    private static Parameter weight(AdaptableBlock block) {
        Parameter weight = block.weight();
        if (weight == null) {
            throw BlockMessage.NO_WEIGHT.error(block.getClass().getSimpleName());
        }
        return weight;
    }

    private static Optional<Parameter> only(Block block, Parameter.Type type) {
        List<Parameter> found =
                block.getDirectParameters().values().stream()
                        .filter(parameter -> parameter.getType() == type)
                        .toList();
        return found.size() == 1 ? Optional.of(found.get(0)) : Optional.empty();
    }

    /**
     * Returns the weight that a block reads without owning it; empty if it owns its weight or says
     * nothing of it.
     *
     * @param block the block
     */
    public static Optional<Parameter> sharedWeightOf(Block block) {
        Objects.requireNonNull(block, "block");
        return block instanceof AdaptableBlock adaptable
                        && !block.getDirectParameters().values().contains(adaptable.weight())
                ? Optional.of(weight(adaptable))
                : Optional.empty();
    }

    /**
     * Returns the name of a block's direct parameter in files, below the module's: {@code weight}
     * or {@code bias}, by its type; empty if files have no name for it, as for a second weight of
     * an {@link AdaptableBlock}.
     *
     * @param block the block
     * @param parameter the parameter
     */
    public static Optional<String> fileName(Block block, Parameter parameter) {
        Objects.requireNonNull(block, "block");
        if (block instanceof AdaptableBlock adaptable && adaptable.weight() == parameter) {
            return Optional.of("weight");
        }
        return switch (parameter.getType()) {
            // Files have one weight of a module: what an adaptable block calls its weight.
            case WEIGHT, GAMMA ->
                    block instanceof AdaptableBlock ? Optional.empty() : Optional.of("weight");
            case BIAS, BETA -> Optional.of("bias");
            case RUNNING_MEAN, RUNNING_VAR, OTHER -> Optional.empty();
        };
    }

    /** Returns the weight of the block that a tied one is built on. */
    static Parameter weightToShare(Block source) {
        Objects.requireNonNull(source, "source");
        return weightOf(source)
                .orElseThrow(
                        () ->
                                new IllegalArgumentException(
                                        ("A %s has no weight to share: give the block that owns the"
                                                        + " weight itself.")
                                                .formatted(source.getClass().getSimpleName())));
    }

    /**
     * Returns a parameter with a copy of the values of a tied block's shared weight, if it has any,
     * for the block to make its own.
     *
     * @param block the tied block
     * @throws IllegalStateException if the block is untied, or the shared parameter has no shape
     */
    public static Parameter copyFor(TiedBlock block) {
        Parameter shared = block.weight();
        if (block.isUntied()) {
            throw new IllegalStateException("The block has a weight of its own");
        }
        if (shared.getShape() == null) {
            throw new IllegalStateException("The weight has no shape");
        }
        Parameter own =
                Parameter.builder()
                        .setName("weight")
                        .setType(Parameter.Type.WEIGHT)
                        .optShape(shared.getShape())
                        .build();
        own.freeze(!shared.requiresGradient());
        if (shared.isInitialized()) {
            NDArray array = shared.getArray();
            NDArray values = array.getManager().zeros(array.getShape(), array.getDataType());
            try (NDArray detached = array.stopGradient()) {
                values.set(new NDIndex(":"), detached);
            }
            own.setInitializer((manager, shape, type) -> values);
            own.initialize(array.getManager(), array.getDataType());
        }
        return own;
    }
}
