package dev.ligature.internal.adapter;

import static dev.ligature.internal.adapter.AdapterArray.attached;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
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
     * @param factors the detached factors of ΔW; null for ‖W‖
     */
    public static NDArray of(
            NDArray w, PairPlan pair, @Nullable FactorArrays factors, NDManager owner) {
        try (NDManager scope = owner.newSubManager()) {
            NDArray detached = attached(w.stopGradient(), scope);
            NDArray wide = AdapterArray.in(pair.dataType(), detached, scope);
            long rows = wide.getShape().get(0);
            NDArray sum = attached(wide.reshape(rows, -1), scope); // (out, in), or as w is stored
            if (factors != null) {
                sum = attached(sum.add(factors.delta(pair.transposed(), scope)), scope);
            }
            NDArray squares = attached(sum.square(), scope);
            int[] axis = {areOfColumns(pair) ? 0 : 1};
            return attached(attached(squares.sum(axis), scope).sqrt(), owner);
        }
    }

    /** Returns whether the lengths are those of the columns of the weight as it is stored. */
    public static boolean areOfColumns(PairPlan pair) {
        return (pair.readers().get(0).kind() == ModuleKind.EMBEDDING) != pair.transposed();
    }
}
