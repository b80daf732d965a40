package dev.ligature.models.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import org.jspecify.annotations.Nullable;

/** A forward pass: what a block needs to be called. */
public record Call(
        ParameterStore parameterStore,
        boolean training,
        @Nullable PairList<String, Object> params) {
    /** Returns the outputs of a block. */
    public NDList of(Block block, NDList inputs) {
        return block.forward(parameterStore, inputs, training, params);
    }

    /** Returns the only output of a block. */
    public NDArray of(Block block, NDArray input) {
        return of(block, new NDList(input)).singletonOrThrow();
    }
}
