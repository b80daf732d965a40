package dev.ligature.models.block;

import ai.djl.nn.Block;
import ai.djl.nn.core.Linear;

/** Builds the linear layers of the model. */
public final class Linears {
    private Linears() {}

    public static Block of(long units, boolean bias) {
        return Linear.builder().setUnits(units).optBias(bias).build();
    }
}
