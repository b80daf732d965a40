package dev.ligature.ops;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.core.Linear;
import org.jspecify.annotations.Nullable;

/** The operators as DJL's arrays compute them, on any engine. */
enum PlainOperators implements Operators {
    /** With gradients. */
    TRAINING(true),
    /** Without, and in place where that saves an array. */
    SERVING(false);

    private static final int[] LAST_AXIS = {-1};

    private final boolean training;

    PlainOperators(boolean training) {
        this.training = training;
    }

    @Override
    public NDArray linear(NDArray x, NDArray weight, @Nullable NDArray bias) {
        return Linear.linear(x, weight, bias).singletonOrThrow();
    }

    @Override
    public NDArray rmsNorm(NDArray x, NDArray weight, float epsilon) {
        // A scalar that the engine makes itself. One made from a Java buffer could be freed before
        // the backward pass, and the Number overloads make such ones.
        NDArray eps = x.getManager().full(new Shape(), epsilon, DataType.FLOAT32);
        NDArray rms = x.square().mean(LAST_AXIS, true).addi(eps).sqrt(); // (…, 1)
        // Multiplying by 1/rms has a cheaper gradient than dividing by rms.
        NDArray one = rms.getManager().ones(new Shape(), DataType.FLOAT32);
        NDArray scale = one.div(rms); // (…, 1)
        NDArray y = x.mul(scale); // (…, d) * (…, 1)
        // Autograd needs the product for the gradient of w.
        return training ? y.mul(weight) : y.muli(weight); // (…, d) * (d)
    }

    @Override
    public NDArray swiGlu(NDArray gate, NDArray up) {
        // Activation.swish multiplies by a Java number, which breaks gradients.
        NDArray sigmoid = Activation.sigmoid(gate);
        return training ? gate.mul(sigmoid).mul(up) : sigmoid.muli(gate).muli(up);
    }
}
