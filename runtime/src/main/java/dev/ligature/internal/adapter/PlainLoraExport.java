package dev.ligature.internal.adapter;

import static dev.ligature.internal.adapter.AdapterArray.attached;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.ligature.internal.peft.Factors;
import dev.ligature.internal.resolve.ConvertedPlan;
import dev.ligature.plan.LoraPlan;
import dev.ligature.plan.PairPlan;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * An adapter as files hold it: a pair that counts from where it started, with ΔW = s (B A − B₀ A₀),
 * is one of twice the rank there, [A; A₀] and [B, −B₀], as PEFT converts it.
 */
public final class PlainLoraExport implements AutoCloseable {
    private final LoraPlan plan;
    private final NDManager scope;
    private final Map<PairPlan, Factors> factors = new LinkedHashMap<>();

    private PlainLoraExport(LoraPlan plan, NDManager scope) {
        this.plan = plan;
        this.scope = scope;
    }

    /** Returns the arrays of an adapter that is in use; they live until this is closed. */
    public static PlainLoraExport of(AdapterState adapter) {
        NDManager scope = adapter.manager().newSubManager();
        PlainLoraExport saved = new PlainLoraExport(ConvertedPlan.of(adapter.plan()), scope);
        for (int i = 0; i < adapter.pairs().size(); i++) {
            FactorArrays arrays = adapter.pairs().get(i).detached(scope);
            saved.factors.put(saved.plan.pairs().get(i), saved.converted(arrays));
        }
        return saved;
    }

    private Factors converted(FactorArrays arrays) {
        FactorArrays start = arrays.start();
        if (start == null) {
            return new Factors(arrays.a(), arrays.b(), arrays.bias(), arrays.magnitude());
        }
        NDArray a = attached(arrays.a().concat(start.a()), scope); // (2 r, in)
        NDArray negative = attached(start.b().neg(), scope);
        NDArray b = attached(arrays.b().concat(negative, 1), scope); // (out, 2 r)
        return new Factors(a, b, arrays.bias(), arrays.magnitude());
    }

    /** Returns the plan of what is saved. */
    public LoraPlan plan() {
        return plan;
    }

    /** Returns the arrays of each pair of that plan. */
    public Map<PairPlan, Factors> factors() {
        return factors;
    }

    /** Returns the manager of what is made to be saved. */
    public NDManager scope() {
        return scope;
    }

    @Override
    public void close() {
        scope.close();
    }
}
