package dev.ligature.pytorch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.ligature.ops.OperatorLookup;
import dev.ligature.ops.Operators;
import org.jspecify.annotations.Nullable;

/** Operators for passes without gradients. */
final class ServingOperators implements Operators {
    /** The tokens from which oneDNN's product is faster; it makes nothing of a single row. */
    private static final long ROWS = 8;

    private static final Operators PLAIN = OperatorLookup.plain(false);

    private final Script script;

    ServingOperators(Script script) {
        this.script = script;
    }

    @Override
    public NDArray linear(NDArray x, NDArray weight, @Nullable NDArray bias) {
        long in = weight.getShape().get(1);
        if (!Tensors.fits(x, weight, bias) || x.size() < ROWS * in) {
            return PLAIN.linear(x, weight, bias);
        }
        NDManager owner = x.getManager();
        // An alias keeps the graph, which the script looks for.
        try (NDArray alias = Tensors.alias(x, owner);
                NDArray w = Tensors.detached(weight, owner)) {
            return script.linear(alias, w, bias);
        }
    }

    @Override
    public NDArray rmsNorm(NDArray x, NDArray weight, float epsilon) {
        return PLAIN.rmsNorm(x, weight, epsilon);
    }

    @Override
    public NDArray swiGlu(NDArray gate, NDArray up) {
        return PLAIN.swiGlu(gate, up);
    }
}
