package dev.ligature.internal.adapter;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.ligature.block.Cast;
import dev.ligature.plan.ModuleKind;
import dev.ligature.plan.PairPlan;
import org.jspecify.annotations.Nullable;

/**
 * The lengths of the rows of a weight, or of the columns of an embedding's, that DoRA divides by:
 * Liu et al., "DoRA: Weight-Decomposed Low-Rank Adaptation", 2024, section 4.3, where they are
 * constants and get no gradient.
 */
public final class DoraNorm {
    private DoraNorm() {}

    /**
     * Returns ‖W + ΔW‖, (out) or for an embedding (in), without a graph; it belongs to the owner.
     *
     * @param w the base's weight as it is stored
     * @param factors the detached factors of ΔW; null for ‖W‖
     */
    public static NDArray of(
            NDArray w, PairPlan pair, @Nullable FactorArrays factors, NDManager owner) {
        try (NDManager scope = owner.newSubManager()) {
            NDArray detached = w.stopGradient();
            detached.attach(scope);
            NDArray wide = Cast.to(detached, pair.dataType());
            wide.attach(scope);
            NDArray matrix = wide.reshape(wide.getShape().get(0), -1); // (out, in) or (in, out)
            matrix.attach(scope);
            NDArray sum =
                    factors == null ? matrix : matrix.add(factors.delta(pair.transposed(), scope));
            sum.attach(scope);
            NDArray squares = sum.square();
            squares.attach(scope);
            NDArray sums = squares.sum(new int[] {areOfColumns(pair) ? 0 : 1});
            sums.attach(scope);
            NDArray lengths = sums.sqrt();
            lengths.attach(owner);
            return lengths;
        }
    }

    /** Returns whether the lengths are those of the columns of the weight as it is stored. */
    public static boolean areOfColumns(PairPlan pair) {
        return (pair.readers().get(0).kind() == ModuleKind.EMBEDDING) != pair.transposed();
    }
}
