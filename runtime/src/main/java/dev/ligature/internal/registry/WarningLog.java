package dev.ligature.internal.registry;

import dev.ligature.plan.PlanWarning;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Which warnings of a model's adapters are news: thousands of adapters that are loaded again and
 * again mostly have the same ones.
 */
final class WarningLog {
    private static final int REMEMBERED = 1000;

    private final Set<PlanWarning> seen = new HashSet<>();

    /** Returns those that were not there before; each is remembered, up to some number. */
    synchronized List<PlanWarning> of(List<PlanWarning> warnings) {
        return warnings.stream().filter(this::isNew).toList();
    }

    private boolean isNew(PlanWarning warning) {
        return !seen.contains(warning) && (seen.size() == REMEMBERED || seen.add(warning));
    }
}
