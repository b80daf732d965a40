package dev.ligature.architecture.planted;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;

final class CastOutOfTheGraph {
    private CastOutOfTheGraph() {}

    static NDArray both(NDArray x) {
        return x.toType(DataType.FLOAT16, false).duplicate();
    }
}
