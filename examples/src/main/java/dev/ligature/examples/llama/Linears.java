package dev.ligature.examples.llama;

import ai.djl.nn.Block;
import ai.djl.nn.core.Linear;

/** Builds the linear layers of the model. */
final class Linears {
    private Linears() {}

    static Block of(long units, boolean bias) {
        return Linear.builder().setUnits(units).optBias(bias).build();
    }
}
