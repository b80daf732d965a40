package dev.ligature.internal.resolve;

import dev.ligature.plan.ModelLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The modules of a model by the weight that they read, in the model's order. */
final class TieGroups {
    private final Map<String, List<ModelLayout.Module>> byWeight = new LinkedHashMap<>();

    TieGroups(ModelLayout layout) {
        for (ModelLayout.Module module : layout.modules()) {
            if (!module.weight().isEmpty()) {
                byWeight.computeIfAbsent(module.weight(), w -> new ArrayList<>()).add(module);
            }
        }
        byWeight.values().removeIf(readers -> readers.size() < 2);
    }

    /** Returns the groups of two or more modules that read one weight. */
    List<List<ModelLayout.Module>> all() {
        return List.copyOf(byWeight.values());
    }

    /** Returns all modules that read the weight of this one, which may be it alone. */
    List<ModelLayout.Module> readersWith(ModelLayout.Module module) {
        return byWeight.getOrDefault(module.weight(), List.of(module));
    }
}
