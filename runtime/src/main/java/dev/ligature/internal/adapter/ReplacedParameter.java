package dev.ligature.internal.adapter;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import dev.ligature.plan.ReplacementPlan;

/**
 * A whole copy of one parameter of the base, used in its place: a part of a module in {@code
 * modules_to_save}, or a bias. Every module that is tied reads this one copy.
 */
public final class ReplacedParameter {
    private final ReplacementPlan plan;
    private final AdapterArray values;

    /**
     * Creates a copy of given values.
     *
     * @param plan what was planned
     * @param type the type of the base's parameter
     * @param array the values, which belong to the manager
     * @param manager the owner
     */
    ReplacedParameter(ReplacementPlan plan, Parameter.Type type, NDArray array, NDManager manager) {
        this.plan = plan;
        this.values = new AdapterArray(plan.name(), type, array, manager);
    }

    /** Returns what was planned: where it is read, its shape, why there is a copy. */
    public ReplacementPlan plan() {
        return plan;
    }

    /** Returns the copy, of the base parameter's shape. */
    public Parameter parameter() {
        return values.parameter();
    }

    public AdapterArray values() {
        return values;
    }

    @Override
    public String toString() {
        return "ReplacedParameter(" + plan.name() + ", " + plan.shape() + ")";
    }
}
