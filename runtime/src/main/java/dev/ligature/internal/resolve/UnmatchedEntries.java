package dev.ligature.internal.resolve;

import dev.ligature.config.LoraConfig;
import dev.ligature.config.ModuleSelection;
import dev.ligature.internal.names.LayerIndex;
import dev.ligature.internal.names.NameMatch;
import dev.ligature.internal.names.NameVocabulary;
import dev.ligature.internal.resolve.TargetMatcher.Outcome;
import dev.ligature.plan.ModelLayout.Module;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Finds the entries of the fields that select modules which have no effect on a model. */
final class UnmatchedEntries {
    private final Request request;
    private final LoraConfig config;
    private final TargetMatcher matcher;
    private final NameVocabulary names;
    private final Problems problems;

    UnmatchedEntries(Request request, Problems problems) {
        this.request = request;
        this.problems = problems;
        config = request.config();
        matcher = request.matcher();
        names = request.vocabulary();
    }

    /** Adds the problems, in the order of the fields. */
    void find() {
        if (config.targetModules() instanceof ModuleSelection.Names list) {
            list.names().forEach(this::target);
        }
        config.excludeModules().ifPresent(this::exclusion);
        for (String pattern : config.layersPattern()) {
            if (!request.anyName(LayerIndex.compile(pattern)::matchAtStart)) {
                problems.addUnmatched("layers_pattern", pattern, names, NameVocabulary::lists);
            }
        }
        if (layersAreKnown()) {
            layers();
        }
    }

    private void target(String entry) {
        List<Module> fitting = request.matching(entry).toList();
        if (fitting.isEmpty()) {
            unmatched("target_modules", entry);
        } else if (fitting.stream().allMatch(m -> matcher.outcome(m) == Outcome.SAVED)) {
            problems.add(PlanMessage.TARGET_SAVED, entry, Problems.names(fitting));
        } else if (fitting.stream().noneMatch(module -> hasEffect(entry, module))) {
            if (fitting.stream().allMatch(matcher::excludes)) {
                problems.add(PlanMessage.TARGET_EXCLUDED, entry);
            } else if (layersAreKnown()) {
                problems.add(PlanMessage.TARGET_IN_OTHER_LAYERS, entry, config.layersToTransform());
            }
        }
    }

    /** Returns whether a module is targeted by one of its names that an entry matches. */
    private boolean hasEffect(String entry, Module module) {
        Outcome outcome = matcher.outcome(module);
        return outcome == Outcome.SAVED
                || (outcome == Outcome.TARGETED
                        && module.names().stream()
                                .filter(name -> NameMatch.fits(entry, name))
                                .anyMatch(name -> matcher.outcome(name) == Outcome.TARGETED));
    }

    private void exclusion(ModuleSelection selection) {
        if (selection instanceof ModuleSelection.Names list) {
            list.names().stream()
                    .filter(entry -> request.matching(entry).findAny().isEmpty())
                    .forEach(entry -> unmatched("exclude_modules", entry));
        } else if (selection instanceof ModuleSelection.Regex regex
                && !request.anyName(TargetMatcher.match(regex)::fits)) {
            unmatched("exclude_modules", regex.expression());
        }
    }

    private void unmatched(String field, String entry) {
        problems.addUnmatched(field, entry, names, NameVocabulary::suffixes);
    }

    /** Returns whether any module is in a layer; if not, the pattern is wrong. */
    private boolean layersAreKnown() {
        return config.layersPattern().isEmpty()
                || request.anyName(name -> matcher.layer(name).isPresent());
    }

    private void layers() {
        NameMatch targets = TargetMatcher.match(config.targetModules());
        if (config.layersToTransform().isEmpty() || !request.anyName(targets::fits)) {
            return; // the latter: the entries of target_modules are wrong
        }
        Set<Long> present = new TreeSet<>();
        request.layout().names().stream()
                .filter(targets::fits)
                .forEach(name -> matcher.layer(name).ifPresent(present::add));
        for (int index : new LinkedHashSet<>(config.layersToTransform())) {
            if (!present.contains((long) index)) {
                problems.add(PlanMessage.LAYER_UNMATCHED, index, present);
            }
        }
    }
}
