package dev.ligature.internal.resolve;

import dev.ligature.internal.diag.Problem;
import java.util.List;

/**
 * What one step of the resolution decided, and the problems that it found. What has a problem is
 * left out of the value, so that later steps report nothing that follows from it.
 *
 * @param value what was decided
 * @param problems the problems, none of which was reported yet
 * @param <T> the type of the value
 */
record Resolved<T>(T value, List<Problem<PlanMessage>> problems) {
    /** Copies the list. */
    Resolved {
        problems = List.copyOf(problems);
    }
}
