package dev.ligature.internal.adapter;

import static dev.ligature.internal.adapter.AdapterArray.attached;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.ligature.config.LoraInit;
import dev.ligature.internal.linalg.Qr;
import dev.ligature.internal.linalg.Svd;
import dev.ligature.internal.peft.Factors;
import dev.ligature.plan.PairPlan;

/**
 * The factors B₀ and A₀ of a pair that starts from its weight, computed in double precision and
 * cast last. Each direction has the sign that the decomposition gives it; B₀ A₀ has none.
 */
final class WeightDerivedInit {
    private WeightDerivedInit() {}

    /** Returns the factors, which belong to the manager. */
    static Factors of(PairPlan pair, NDArray weight, FactorDraws draws, NDManager manager) {
        try (NDManager scope = manager.newSubManager()) {
            NDArray w = attached(weight.stopGradient(), scope);
            if (pair.transposed()) { // (in, out)
                NDArray view = attached(w.transpose(), scope);
                w = AdapterArray.owned(view, w.getDataType(), scope); // (out, in)
            }
            return pair.init().kind() == LoraInit.Kind.OLORA
                    ? olora(pair, w, scope, manager)
                    : pissa(pair, w, draws, scope, manager);
        }
    }

    /** B₀ = Q[:, :r] and A₀ = R[:r] of W = Q R. */
    private static Factors olora(PairPlan pair, NDArray w, NDManager scope, NDManager manager) {
        Qr qr = Qr.first(w, pair.rank(), scope);
        return new Factors(
                AdapterArray.owned(qr.r(), pair.dataType(), manager), // (r, in)
                AdapterArray.owned(qr.q(), pair.dataType(), manager)); // (out, r)
    }

    /** B₀ = U √(S / s) and A₀ = √(S / s) Vᵀ of the largest singular values, W ≈ U S Vᵀ. */
    private static Factors pissa(
            PairPlan pair, NDArray w, FactorDraws draws, NDManager scope, NDManager manager) {
        int iterations = pair.init().iterations();
        Svd svd =
                iterations == 0
                        ? Svd.exact(w, pair.rank(), scope)
                        : Svd.approximate(
                                w,
                                draws.normal(
                                        1,
                                        new Shape(pair.in(), pair.rank()),
                                        DataType.FLOAT64,
                                        scope),
                                iterations,
                                scope);
        NDArray root = svd.s().div(scope.create(pair.scaling())).sqrt(); // (r)
        NDArray a = root.reshape(-1, 1).mul(svd.vt()); // (r, 1) x (r, in) -> (r, in)
        NDArray b = svd.u().mul(root); // (out, r) x (r) -> (out, r)
        return new Factors(
                AdapterArray.owned(a, pair.dataType(), manager),
                AdapterArray.owned(b, pair.dataType(), manager));
    }
}
