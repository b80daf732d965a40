package dev.ligature.internal.resolve;

import dev.ligature.config.LoraConfig;
import dev.ligature.internal.names.NameMatch;
import dev.ligature.internal.names.NameVocabulary;
import dev.ligature.plan.ModelLayout;
import dev.ligature.plan.ModelLayout.Module;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * What is resolved, a configuration for a model, with what every step asks of the two.
 *
 * @param ties which modules read one weight
 * @param matcher which modules are targeted
 * @param vocabulary the names of the modules, for messages
 */
record Request(
        LoraConfig config,
        ModelLayout layout,
        TieGroups ties,
        TargetMatcher matcher,
        NameVocabulary vocabulary) {
    Request(LoraConfig config, ModelLayout layout) {
        this(
                config,
                layout,
                new TieGroups(layout),
                new TargetMatcher(config),
                new NameVocabulary(layout.names()));
    }

    List<Module> modules() {
        return layout.modules();
    }

    Stream<ModuleParameter> parameters() {
        return modules().stream()
                .flatMap(m -> m.parameters().stream().map(p -> new ModuleParameter(m, p)));
    }

    /** Returns the modules of which an entry of a list matches a name. */
    Stream<Module> matching(String entry) {
        return modules().stream()
                .filter(m -> m.names().stream().anyMatch(name -> NameMatch.fits(entry, name)));
    }

    boolean anyName(Predicate<String> matches) {
        return modules().stream().anyMatch(m -> m.names().stream().anyMatch(matches));
    }

    /** Returns the name by which plans know the weight of a module. */
    static String weightOf(Module module) {
        return module.weight().isEmpty() ? module.name() : module.weight();
    }
}
