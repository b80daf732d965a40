package dev.ligature.internal.resolve;

import dev.ligature.config.LoraConfig;
import dev.ligature.internal.names.NameVocabulary;
import dev.ligature.internal.names.SavedNames;
import dev.ligature.plan.ModelLayout;
import dev.ligature.plan.ReplacementPlan;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The modules that an adapter has whole copies of, PEFT's {@code modules_to_save}, and their
 * copies.
 *
 * <p>An entry matches the modules whose name is the entry or ends with a dot and the entry, and all
 * that they contain. PEFT also takes {@code norm} for {@code input_layernorm}, because it asks for
 * the end of the name alone; such modules match here only where a file has tensors of them.
 *
 * @param modules the modules, those that are tied to a named one too
 * @param copies the copies, in the model's order; tied modules share those of what they share
 */
record ModulesToSave(Set<ModelLayout.Module> modules, List<ReplacementPlan> copies) {

    /**
     * Matches the entries and resolves the ties.
     *
     * @param config the configuration
     * @param layout the modules of the model
     * @param ties its ties
     * @param tensors the names of the tensors in the adapter's file, without PEFT's prefix; empty
     *     for an adapter that is created
     */
    static Problems.Resolved<ModulesToSave> resolve(
            LoraConfig config,
            ModelLayout layout,
            TieGroups ties,
            Set<String> tensors,
            NameVocabulary vocabulary) {
        Problems problems = new Problems();
        Set<ModelLayout.Module> named = named(config, layout, tensors, vocabulary, problems);
        Set<ModelLayout.Module> saved = new LinkedHashSet<>();
        for (ModelLayout.Module module : layout.modules()) {
            boolean tied =
                    config.ensureWeightTying()
                            && ties.readersWith(module).stream().anyMatch(named::contains);
            if ((tied || named.contains(module)) && hasNames(module, problems)) {
                saved.add(module);
            }
        }
        return problems.with(new ModulesToSave(saved, copies(saved, config.ensureWeightTying())));
    }

    private static Set<ModelLayout.Module> named(
            LoraConfig config,
            ModelLayout layout,
            Set<String> tensors,
            NameVocabulary vocabulary,
            Problems problems) {
        SavedNames names = new SavedNames(config.modulesToSave());
        Set<ModelLayout.Module> named = new LinkedHashSet<>();
        Map<String, List<ModelLayout.Module>> loose = new LinkedHashMap<>();
        Set<String> effective = new LinkedHashSet<>();
        Set<String> ineffective = new LinkedHashSet<>();
        for (ModelLayout.Module module : layout.modules()) {
            Set<String> fitting = names.entriesFor(module.names());
            if (fitting.isEmpty() && isIn(tensors, module)) {
                fitting = names.entriesOfPeftFor(module.names());
                fitting.forEach(e -> loose.computeIfAbsent(e, x -> new ArrayList<>()).add(module));
            }
            if (!fitting.isEmpty()) {
                named.add(module);
                (module.parameters().isEmpty() ? ineffective : effective).addAll(fitting);
            }
        }
        for (String entry : config.modulesToSave()) {
            if (!effective.contains(entry) && !ineffective.contains(entry)) {
                problems.addUnmatched("modules_to_save", entry, vocabulary, vocabulary::paths);
            } else if (!effective.contains(entry)) {
                problems.add(PlanMessage.SAVED_WITHOUT_PARAMETERS, entry);
            }
        }
        loose.forEach(
                (entry, modules) ->
                        problems.add(PlanMessage.LOOSE_SUFFIX, entry, Problems.names(modules)));
        return named;
    }

    private static boolean isIn(Set<String> tensors, ModelLayout.Module module) {
        return module.parameters().stream()
                .anyMatch(p -> tensors.contains(module.name() + "." + p.name()));
    }

    private static boolean hasNames(ModelLayout.Module module, Problems problems) {
        for (ModelLayout.Parameter parameter : module.parameters()) {
            if (parameter.name().isEmpty()) {
                problems.addOnce(
                        module.type(),
                        PlanMessage.MODULE_NOT_SAVED,
                        module.name(),
                        module.type(),
                        parameter.id());
                return false;
            }
        }
        return true;
    }

    private static List<ReplacementPlan> copies(Set<ModelLayout.Module> saved, boolean shared) {
        Map<Object, ParameterCopy> copies = new LinkedHashMap<>();
        for (ModelLayout.Module module : saved) {
            for (ModelLayout.Parameter parameter : module.parameters()) {
                ReplacementPlan.Reader reader =
                        new ReplacementPlan.Reader(module.name(), parameter.name());
                copies.computeIfAbsent(
                                shared ? parameter.id() : reader,
                                key -> new ParameterCopy(parameter))
                        .readers()
                        .add(reader);
            }
        }
        return copies.values().stream()
                .map(copy -> copy.plan(ReplacementPlan.Reason.SAVED_MODULE))
                .toList();
    }

    /** A parameter that is copied, and where it is read. */
    record ParameterCopy(ModelLayout.Parameter parameter, List<ReplacementPlan.Reader> readers) {
        ParameterCopy(ModelLayout.Parameter parameter) {
            this(parameter, new ArrayList<>());
        }

        ReplacementPlan plan(ReplacementPlan.Reason reason) {
            return new ReplacementPlan(readers, parameter.shape(), parameter.trainedType(), reason);
        }
    }
}
