package dev.ligature.pytorch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.JniUtils;
import org.jspecify.annotations.Nullable;

/** What DJL's PyTorch engine does with a tensor and DJL's API does not show. */
final class Tensors {
    private Tensors() {}

    /** Returns whether the script computes with an array: fp32 on the processor. */
    static boolean fits(@Nullable NDArray... arrays) {
        for (NDArray array : arrays) {
            if (array == null) { // a bias that there is not
                continue;
            }
            if (!(array instanceof PtNDArray)
                    || array.getDataType() != DataType.FLOAT32
                    || array.getDevice().isGpu()) {
                return false;
            }
        }
        return true;
    }

    /** Returns a second handle on an array's tensor with its graph, without its name. */
    static NDArray alias(NDArray array, NDManager owner) {
        try (IValue value = IValue.from((PtNDArray) array)) {
            return value.toTensor((PtNDManager) owner);
        }
    }

    /** Returns a second handle on an array's values, without graph and name. */
    static NDArray detached(NDArray array, NDManager owner) {
        NDArray detached = array.stopGradient();
        detached.attach(owner);
        return detached;
    }

    /** Adds what a gradient gives to the leaves of an array's graph, which can be used again. */
    static void backward(NDArray y, NDArray gradient) {
        JniUtils.backward((PtNDArray) y, (PtNDArray) gradient, true, false);
    }
}
