package dev.ligature.internal.resolve;

import dev.ligature.plan.ModelLayout;
import dev.ligature.plan.ModelLayout.Module;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** The modules of a model by the weight that they read, in the model's order. */
final class TieGroups {
    private final Map<String, List<Module>> byWeight;

    TieGroups(ModelLayout layout) {
        byWeight =
                layout.modules().stream()
                        .filter(module -> !module.weight().isEmpty())
                        .collect(
                                Collectors.groupingBy(
                                        Module::weight, LinkedHashMap::new, Collectors.toList()));
        byWeight.values().removeIf(readers -> readers.size() < 2);
    }

    /** Returns the groups of two or more modules that read one weight. */
    List<List<Module>> all() {
        return List.copyOf(byWeight.values());
    }

    /** Returns all modules that read the weight of this one, which may be it alone. */
    List<Module> readersWith(Module module) {
        return byWeight.getOrDefault(module.weight(), List.of(module));
    }
}
