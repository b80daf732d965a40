package dev.ligature.block;

import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import java.util.List;
import java.util.Optional;

/** Finds the weight that a block reads in its forward pass. */
public final class BlockWeight {
    private BlockWeight() {}

    /**
     * Returns the weight that the block reads: the shared one of a {@link TiedBlock}, else the
     * block's only direct parameter of type {@link Parameter.Type#WEIGHT}, else its only one of
     * type {@link Parameter.Type#GAMMA} (norms); empty for a composite block.
     *
     * @param block the block
     */
    public static Optional<Parameter> of(Block block) {
        if (block instanceof TiedBlock tied) {
            return Optional.of(tied.sharedWeight());
        }
        Optional<Parameter> weight = only(block, Parameter.Type.WEIGHT);
        return weight.isPresent() ? weight : only(block, Parameter.Type.GAMMA);
    }

    private static Optional<Parameter> only(Block block, Parameter.Type type) {
        List<Parameter> found =
                block.getDirectParameters().values().stream()
                        .filter(parameter -> parameter.getType() == type)
                        .toList();
        return found.size() == 1 ? Optional.of(found.get(0)) : Optional.empty();
    }
}
