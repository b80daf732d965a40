package dev.ligature.architecture.planted;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.convolutional.Conv1d;

final class EngineConvolution {
    private EngineConvolution() {}

    static NDList of(NDArray x, NDArray weight) {
        return Conv1d.conv1d(x, weight);
    }
}
