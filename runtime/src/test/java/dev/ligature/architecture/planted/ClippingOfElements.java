package dev.ligature.architecture.planted;

import ai.djl.training.optimizer.Optimizer;

final class ClippingOfElements {
    private ClippingOfElements() {}

    static Optimizer create() {
        return Optimizer.adam().optClipGrad(1).build();
    }
}
