package dev.ligature.internal.resolve;

import dev.ligature.plan.ModelLayout;
import dev.ligature.plan.ReplacementPlan;
import java.util.ArrayList;
import java.util.List;

/** A parameter that is copied, and where it is read. */
record ParameterCopy(ModelLayout.Parameter parameter, List<ReplacementPlan.Reader> readers) {
    ParameterCopy(ModelLayout.Parameter parameter) {
        this(parameter, new ArrayList<>());
    }

    ReplacementPlan plan(ReplacementPlan.Reason reason) {
        return new ReplacementPlan(readers, parameter.shape(), parameter.trainedType(), reason);
    }
}
