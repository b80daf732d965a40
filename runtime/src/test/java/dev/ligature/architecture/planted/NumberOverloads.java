package dev.ligature.architecture.planted;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import java.util.function.BiFunction;

final class NumberOverloads {
    private NumberOverloads() {}

    static void all(NDArray x) {
        x.add(2);
        x.addi(2);
        x.sub(2);
        x.subi(2);
        x.mul(2);
        x.muli(2);
        x.div(2);
        x.divi(2);
        x.mod(2);
        x.modi(2);
        x.pow(2);
        x.powi(2);
        x.maximum(2);
        x.minimum(2);
        NDArrays.div(1, x);
    }

    static void allowed(NDArray x, NDArray y) {
        x.add(y).muli(y).gt(2);
    }

    static BiFunction<NDArray, Number, NDArray> reference() {
        return NDArray::mul;
    }
}
