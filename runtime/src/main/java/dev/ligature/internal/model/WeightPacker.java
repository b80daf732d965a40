package dev.ligature.internal.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.nn.core.Linear;
import dev.ligature.block.BlockParameters;
import dev.ligature.block.TiedEmbedding;
import dev.ligature.block.TiedLinear;
import dev.ligature.block.TokenEmbedding;
import dev.ligature.internal.model.ModelTensors.NamedParameter;
import dev.ligature.ops.OperatorLookup;
import dev.ligature.ops.WeightPacking;
import dev.ligature.ops.WeightPrecision;

/** Holds the weights of linears and embeddings in fewer bits, as they are loaded. */
final class WeightPacker {
    private final WeightPrecision precision;
    private final WeightPacking packing;

    private WeightPacker(WeightPrecision precision, WeightPacking packing) {
        this.precision = precision;
        this.packing = packing;
    }

    /** Returns a packer for a manager's engine; an error if that cannot hold weights so. */
    static WeightPacker of(WeightPrecision precision, NDManager manager) {
        WeightPacking packing = OperatorLookup.engine(manager).packing();
        if (packing == null || manager.getDevice().isGpu()) {
            throw CheckpointMessage.PACKING_MISSING.error(
                    precision, manager.getEngine().getEngineName(), manager.getDevice());
        }
        return new WeightPacker(precision, packing);
    }

    /** Returns whether all blocks that read a parameter are known to compute with its bits. */
    boolean takes(NamedParameter named) {
        Block owner = named.owner();
        return owner != null
                && (owner.getClass() == Linear.class || owner instanceof TokenEmbedding)
                && BlockParameters.weightOf(owner).orElse(null) == named.parameter()
                && named.readers().values().stream()
                        .allMatch(r -> r instanceof TiedLinear || r instanceof TiedEmbedding);
    }

    /**
     * Packs a weight and frees it.
     *
     * @param weight (out, in) fp32
     */
    NDArray packed(NDArray weight, NDManager owner) {
        try (weight) {
            return packing.pack(weight, precision, owner);
        }
    }
}
