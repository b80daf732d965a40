package dev.ligature.internal.resolve;

import dev.ligature.config.LoraConfig;
import dev.ligature.config.ModuleSelection;
import dev.ligature.internal.names.LayerIndex;
import dev.ligature.internal.names.NameMatch;
import dev.ligature.internal.names.NameVocabulary;
import dev.ligature.plan.ModelLayout;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;

/** Finds the entries of the fields that select modules which have no effect on a model. */
final class UnmatchedEntries {
    private final LoraConfig config;
    private final ModelLayout layout;
    private final TargetMatcher matcher;
    private final NameVocabulary vocabulary;
    private final Problems problems = new Problems();

    UnmatchedEntries(
            LoraConfig config,
            ModelLayout layout,
            TargetMatcher matcher,
            NameVocabulary vocabulary) {
        this.config = config;
        this.layout = layout;
        this.matcher = matcher;
        this.vocabulary = vocabulary;
    }

    /** Returns the problems, in the order of the fields. */
    Problems find() {
        if (config.targetModules() instanceof ModuleSelection.Names names) {
            names.names().forEach(this::target);
        }
        config.excludeModules().ifPresent(this::exclusion);
        for (String pattern : config.layersPattern()) {
            if (!anyName(LayerIndex.compile(pattern)::matchAtStart)) {
                problems.addUnmatched("layers_pattern", pattern, vocabulary, vocabulary::lists);
            }
        }
        if (layersAreKnown()) {
            layers();
        }
        return problems;
    }

    private void target(String entry) {
        boolean fits = false;
        boolean excluded = true;
        boolean saved = true;
        Set<ModelLayout.Module> fitting = new LinkedHashSet<>();
        for (ModelLayout.Module module : layout.modules()) {
            for (String name : module.names()) {
                if (!NameMatch.fits(entry, name)) {
                    continue;
                }
                TargetMatcher.Outcome outcome = matcher.outcome(module);
                boolean targeted =
                        outcome == TargetMatcher.Outcome.TARGETED
                                && matcher.outcome(name) == TargetMatcher.Outcome.TARGETED;
                fits |= targeted || outcome == TargetMatcher.Outcome.SAVED;
                excluded &= matcher.excludes(module);
                saved &= outcome == TargetMatcher.Outcome.SAVED;
                fitting.add(module);
            }
        }
        if (fitting.isEmpty()) {
            problems.addUnmatched("target_modules", entry, vocabulary, vocabulary::suffixes);
        } else if (saved) {
            problems.add(PlanMessage.TARGET_SAVED, entry, Problems.names(List.copyOf(fitting)));
        } else if (!fits && excluded) {
            problems.add(PlanMessage.TARGET_EXCLUDED, entry);
        } else if (!fits && layersAreKnown()) {
            problems.add(PlanMessage.TARGET_IN_OTHER_LAYERS, entry, config.layersToTransform());
        }
    }

    private void exclusion(ModuleSelection selection) {
        if (selection instanceof ModuleSelection.Names names) {
            for (String entry : names.names()) {
                if (!anyName(name -> NameMatch.fits(entry, name))) {
                    problems.addUnmatched(
                            "exclude_modules", entry, vocabulary, vocabulary::suffixes);
                }
            }
        } else if (selection instanceof ModuleSelection.Regex regex
                && !anyName(TargetMatcher.match(regex)::fits)) {
            problems.addUnmatched(
                    "exclude_modules", regex.expression(), vocabulary, vocabulary::suffixes);
        }
    }

    /** Returns whether any module is in a layer; if not, the pattern is wrong. */
    private boolean layersAreKnown() {
        return config.layersPattern().isEmpty() || anyName(name -> matcher.layer(name).isPresent());
    }

    private void layers() {
        if (config.layersToTransform().isEmpty()) {
            return;
        }
        NameMatch targets = TargetMatcher.match(config.targetModules());
        if (!anyName(targets::fits)) {
            return; // the entries of target_modules are wrong
        }
        Set<Long> present = new TreeSet<>();
        for (ModelLayout.Module module : layout.modules()) {
            module.names().stream()
                    .filter(targets::fits)
                    .forEach(name -> matcher.layer(name).ifPresent(present::add));
        }
        for (int index : new LinkedHashSet<>(config.layersToTransform())) {
            if (!present.contains((long) index)) {
                problems.add(PlanMessage.LAYER_UNMATCHED, index, present);
            }
        }
    }

    private boolean anyName(Predicate<String> matches) {
        return layout.modules().stream().anyMatch(m -> m.names().stream().anyMatch(matches));
    }
}
