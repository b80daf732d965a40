package dev.ligature.internal.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.ligature.ops.GradientTape;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Computes parts of a pass: a layer, or the head on some of the tokens. */
public interface PartPasses {
    /**
     * Adds the gradients of a part's loss to the leaves that it read.
     *
     * @param scope the manager of what the part computes
     * @param loss computes the loss, recorded on a tape if there is one
     * @return the loss
     */
    NDArray apply(NDManager scope, Function<@Nullable GradientTape, NDArray> loss);

    /**
     * Computes what goes forward alone.
     *
     * @param scope the manager of what the part computes
     * @param x the input, which belongs to the scope
     */
    NDArray forward(NDManager scope, UnaryOperator<NDArray> part, NDArray x);
}
