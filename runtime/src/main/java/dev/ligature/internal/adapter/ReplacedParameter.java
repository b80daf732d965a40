package dev.ligature.internal.adapter;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import dev.ligature.plan.ReplacementPlan;

/**
 * A whole copy of one parameter of the base, used in its place: a part of a module in {@code
 * modules_to_save}, or a bias. Every module that is tied reads this one copy.
 *
 * @param plan what was planned: where it is read, its shape, why there is a copy
 * @param values the copy
 */
public record ReplacedParameter(ReplacementPlan plan, AdapterArray values) {
    /** Returns a copy of given values, which belong to the manager. */
    static ReplacedParameter of(
            ReplacementPlan plan, Parameter.Type type, NDArray array, NDManager manager) {
        return new ReplacedParameter(plan, new AdapterArray(plan.name(), type, array, manager));
    }

    /** Returns the same with an array of its own. */
    ReplacedParameter copy(NDManager manager) {
        return of(plan, parameter().getType(), values.copy(manager), manager);
    }

    /** Returns the copy, of the base parameter's shape. */
    public Parameter parameter() {
        return values.parameter();
    }
}
