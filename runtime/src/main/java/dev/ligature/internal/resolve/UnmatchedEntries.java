package dev.ligature.internal.resolve;

import dev.ligature.config.BiasMode;
import dev.ligature.config.LoraConfig;
import dev.ligature.config.ModuleSelection;
import dev.ligature.internal.names.LayerIndex;
import dev.ligature.internal.names.NameMatch;
import dev.ligature.internal.names.NamePatterns;
import dev.ligature.internal.names.NameVocabulary;
import dev.ligature.internal.names.Nearest;
import dev.ligature.plan.ModelLayout;
import dev.ligature.plan.PlanWarning;
import dev.ligature.plan.ReplacementPlan;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * Finds the entries of a configuration that have no effect on a model. They are errors when an
 * adapter is created, and warnings when one is loaded, since PEFT itself saves such entries.
 */
public final class UnmatchedEntries {
    private static final int MOST_HINTS = 20;

    private final LoraConfig config;
    private final ModelLayout layout;
    private final TargetMatcher matcher;
    private final NameVocabulary vocabulary;
    private final String words;
    private int unmatched;

    public UnmatchedEntries(LoraConfig config, ModelLayout layout, TargetMatcher matcher) {
        this.config = config;
        this.layout = layout;
        this.matcher = matcher;
        vocabulary = new NameVocabulary(layout);
        words = vocabulary.shown();
    }

    /** Returns what is found of the fields that select modules, in the order of the fields. */
    public List<PlanWarning> selections() {
        List<PlanWarning> found = new ArrayList<>();
        if (config.targetModules() instanceof ModuleSelection.Names names) {
            names.names().forEach(entry -> target(entry, found));
        }
        config.excludeModules().ifPresent(selection -> exclusion(selection, found));
        config.layersPattern().forEach(pattern -> layersPattern(pattern, found));
        if (layersAreKnown()) {
            layers(found);
        }
        return found;
    }

    /**
     * Returns what is found of {@code rank_pattern} or {@code alpha_pattern}.
     *
     * @param field the name of the field
     * @param patterns its patterns
     * @param decisive the patterns that decided for a module that is adapted
     * @param adapted the modules that are adapted
     */
    List<PlanWarning> patterns(
            String field,
            NamePatterns<?> patterns,
            Set<String> decisive,
            List<ModelLayout.Module> adapted) {
        List<PlanWarning> found = new ArrayList<>();
        for (String pattern : patterns.patterns()) {
            if (decisive.contains(pattern)) {
                continue;
            }
            if (anyMatch(patterns, pattern, adapted)) {
                found.add(
                        ineffective(
                                field,
                                pattern,
                                "an earlier pattern decides for every module that it matches. Put"
                                        + " it first, or remove it"));
            } else if (anyMatch(patterns, pattern, layout.modules())) {
                found.add(
                        ineffective(
                                field,
                                pattern,
                                "none of the modules that it matches is adapted. Target one, or"
                                        + " remove it"));
            } else {
                found.add(unmatched(field, pattern, vocabulary.suffixes()));
            }
        }
        return found;
    }

    /** Returns a warning for each entry that means modules alone that are saved as a whole. */
    public List<PlanWarning> saved() {
        if (!(config.targetModules() instanceof ModuleSelection.Names names)) {
            return List.of();
        }
        List<PlanWarning> found = new ArrayList<>();
        for (String entry : names.names()) {
            List<ModelLayout.Module> fitting =
                    layout.modules().stream()
                            .filter(
                                    module ->
                                            TargetMatcher.names(module).stream()
                                                    .anyMatch(n -> NameMatch.fits(entry, n)))
                            .toList();
            if (!fitting.isEmpty()
                    && fitting.stream()
                            .allMatch(
                                    module ->
                                            matcher.outcome(module)
                                                    == TargetMatcher.Outcome.SAVED)) {
                found.add(
                        new PlanWarning(
                                "LoraTargetSaved",
                                "target_modules has '"
                                        + entry
                                        + "', but modules_to_save has "
                                        + PairGroups.names(fitting)
                                        + " as a whole, so there is no factor pair for it. Remove"
                                        + " one of the two."));
            }
        }
        return found;
    }

    /** Returns what is found of the fields that replace: entries that mean nothing. */
    public List<PlanWarning> replacements(ModulesToSave saved, TokenRowsResolver rows) {
        List<PlanWarning> found = new ArrayList<>();
        for (String entry : saved.unmatched()) {
            found.add(unmatched("modules_to_save", entry, vocabulary.paths()));
        }
        for (String entry : saved.ineffective()) {
            found.add(
                    ineffective(
                            "modules_to_save",
                            entry,
                            "the modules that it matches have no parameters. Remove it"));
        }
        rows.unmatched()
                .forEach(
                        entry ->
                                found.add(
                                        unmatched(
                                                "trainable_token_indices",
                                                entry,
                                                vocabulary.suffixes())));
        return found;
    }

    /** Returns what is found of {@code bias}: that no module has one. */
    public List<PlanWarning> bias(List<ReplacementPlan> biases) {
        return config.bias() == BiasMode.NONE || !biases.isEmpty()
                ? List.of()
                : List.of(
                        ineffective(
                                "bias",
                                config.bias().word(),
                                (config.bias() == BiasMode.ALL
                                                ? "no module of the model has a bias"
                                                : "none of the modules that are targeted has a"
                                                        + " bias")
                                        + " that modules_to_save does not copy already. Set it to"
                                        + " none"));
    }

    private static boolean anyMatch(
            NamePatterns<?> patterns, String pattern, List<ModelLayout.Module> modules) {
        return modules.stream().anyMatch(m -> patterns.matches(pattern, TargetMatcher.names(m)));
    }

    private void target(String entry, List<PlanWarning> found) {
        boolean fits = false;
        boolean excluded = true;
        for (ModelLayout.Module module : layout.modules()) {
            for (String name : TargetMatcher.names(module)) {
                if (!NameMatch.fits(entry, name)) {
                    continue;
                }
                TargetMatcher.Outcome outcome = matcher.outcome(module);
                if (outcome == TargetMatcher.Outcome.SAVED
                        || (outcome == TargetMatcher.Outcome.TARGETED
                                && matcher.outcome(name) == TargetMatcher.Outcome.TARGETED)) {
                    return; // of saved ones only PlanWarning LoraTargetSaved says
                }
                fits = true;
                excluded &= matcher.excludes(module);
            }
        }
        if (!fits) {
            found.add(unmatched("target_modules", entry, vocabulary.suffixes()));
        } else if (excluded) {
            found.add(
                    ineffective(
                            "target_modules",
                            entry,
                            "exclude_modules takes out every module that it matches. Remove one"
                                    + " of the two"));
        } else if (layersAreKnown()) {
            found.add(
                    ineffective(
                            "target_modules",
                            entry,
                            "no module that it matches is in layers_to_transform "
                                    + config.layersToTransform()
                                    + ". Remove it, or target the module by its full name, for"
                                    + " which layers do not count"));
        }
    }

    private void exclusion(ModuleSelection selection, List<PlanWarning> found) {
        if (selection instanceof ModuleSelection.Names names) {
            for (String entry : names.names()) {
                if (!anyName(name -> NameMatch.fits(entry, name))) {
                    found.add(unmatched("exclude_modules", entry, vocabulary.suffixes()));
                }
            }
        } else if (selection instanceof ModuleSelection.Regex regex
                && !anyName(NameMatch.of(regex)::fits)) {
            found.add(unmatched("exclude_modules", regex.expression(), vocabulary.suffixes()));
        }
    }

    private void layersPattern(String pattern, List<PlanWarning> found) {
        if (!anyName(LayerIndex.compile(pattern)::matchAtStart)) {
            found.add(unmatched("layers_pattern", pattern, vocabulary.lists()));
        }
    }

    /** Returns whether any module is in a layer; if not, the pattern is what is wrong. */
    private boolean layersAreKnown() {
        return config.layersPattern().isEmpty() || anyName(name -> matcher.layer(name).isPresent());
    }

    private void layers(List<PlanWarning> found) {
        if (config.layersToTransform().isEmpty()) {
            return;
        }
        NameMatch targets = NameMatch.of(config.targetModules());
        Set<Long> present = new TreeSet<>();
        for (ModelLayout.Module module : layout.modules()) {
            TargetMatcher.names(module).stream()
                    .filter(targets::fits)
                    .forEach(name -> matcher.layer(name).ifPresent(present::add));
        }
        for (int index : new LinkedHashSet<>(config.layersToTransform())) {
            if (!present.contains((long) index)) {
                found.add(
                        new PlanWarning(
                                "LoraLayerUnmatched",
                                "layers_to_transform holds "
                                        + index
                                        + ", but the modules that are targeted are in the layers "
                                        + present
                                        + ". Remove it or use one of these."));
            }
        }
    }

    private boolean anyName(Predicate<String> matches) {
        return layout.modules().stream()
                .anyMatch(module -> TargetMatcher.names(module).stream().anyMatch(matches));
    }

    private PlanWarning unmatched(String field, String entry, Set<String> known) {
        // A file may have a hundred thousand of them, and the search takes its time.
        String hint = unmatched++ < MOST_HINTS ? Nearest.hint(entry, known) : "";
        return new PlanWarning(
                "LoraEntryUnmatched",
                field
                        + " has '"
                        + entry
                        + "', which matches no module of the model."
                        + hint
                        + " Correct or remove it; the model has "
                        + words
                        + ".");
    }

    private static PlanWarning ineffective(String field, String entry, String why) {
        return new PlanWarning(
                "LoraEntryIneffective",
                field + " has '" + entry + "', which has no effect: " + why + ".");
    }
}
