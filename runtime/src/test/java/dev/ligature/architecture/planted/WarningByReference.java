package dev.ligature.architecture.planted;

import dev.ligature.plan.PlanWarning;
import java.util.function.BiFunction;

/** Refers to a constructor and does not call it itself. */
final class WarningByReference {
    private WarningByReference() {}

    static BiFunction<String, String, PlanWarning> warning() {
        return PlanWarning::new;
    }
}
