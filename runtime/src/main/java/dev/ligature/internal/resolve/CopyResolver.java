package dev.ligature.internal.resolve;

import dev.ligature.config.BiasMode;
import dev.ligature.config.LoraConfig;
import dev.ligature.internal.names.NameVocabulary;
import dev.ligature.internal.names.SavedNames;
import dev.ligature.plan.ModelLayout.Module;
import dev.ligature.plan.ModelLayout.Parameter;
import dev.ligature.plan.PairPlan;
import dev.ligature.plan.ReplacementPlan;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Decides which parameters an adapter has copies of: those of the modules in PEFT's {@code
 * modules_to_save}, and the biases that its {@code bias} selects.
 *
 * <p>An entry of {@code modules_to_save} matches the modules whose name is the entry or ends with a
 * dot and the entry, and all that they contain. PEFT also takes {@code norm} for {@code
 * input_layernorm}, because it asks for the end of the name alone; such modules match here only
 * where a file has tensors of them.
 */
final class CopyResolver {
    private static final Set<String> CLASSIFIERS = Set.of("classifier", "score");
    private static final Set<String> CLASSIFIER_TASKS = Set.of("SEQ_CLS", "TOKEN_CLS");

    private final Request request;
    private final LoraConfig config;
    private final Problems problems;

    CopyResolver(Request request, Problems problems) {
        this.request = request;
        this.problems = problems;
        config = request.config();
    }

    /**
     * Returns the modules that are copied as a whole, those that are tied to a named one too.
     *
     * @param tensors the names of the tensors in the adapter's file, without PEFT's prefix; empty
     *     for an adapter that is created
     */
    Set<Module> savedModules(Set<String> tensors) {
        Set<Module> named = named(tensors);
        Set<Module> saved = new LinkedHashSet<>();
        for (Module module : request.modules()) {
            boolean tied =
                    config.ensureWeightTying()
                            && request.ties().readersWith(module).stream()
                                    .anyMatch(named::contains);
            if ((tied || named.contains(module)) && hasNames(module)) {
                saved.add(module);
            }
        }
        return saved;
    }

    private Set<Module> named(Set<String> tensors) {
        SavedNames names = new SavedNames(config.modulesToSave());
        Set<Module> named = new LinkedHashSet<>();
        Map<String, List<Module>> loose = new LinkedHashMap<>();
        Set<String> effective = new LinkedHashSet<>();
        Set<String> ineffective = new LinkedHashSet<>();
        for (Module module : request.modules()) {
            Set<String> fitting = names.entriesFor(module.names());
            if (!fitting.isEmpty()) {
                named.add(module);
                (module.parameters().isEmpty() ? ineffective : effective).addAll(fitting);
            } else if (!tensors.isEmpty() && !module.parameters().isEmpty()) {
                names.entriesOfPeftFor(module.names())
                        .forEach(e -> loose.computeIfAbsent(e, x -> new ArrayList<>()).add(module));
            }
        }
        // PEFT saves all modules that an entry fits in its way: a file has all of them or none.
        loose.values().removeIf(modules -> modules.stream().noneMatch(m -> isIn(tensors, m)));
        loose.values().forEach(named::addAll);
        effective.addAll(loose.keySet());
        for (String entry : config.modulesToSave()) {
            if (isAddedByPeft(entry, effective)) {
                continue;
            }
            if (!effective.contains(entry) && !ineffective.contains(entry)) {
                problems.addUnmatched(
                        "modules_to_save", entry, request.vocabulary(), NameVocabulary::paths);
            } else if (!effective.contains(entry)) {
                problems.add(PlanMessage.SAVED_WITHOUT_PARAMETERS, entry);
            }
        }
        loose.forEach(
                (entry, modules) ->
                        problems.add(PlanMessage.LOOSE_SUFFIX, entry, Problems.names(modules)));
        return named;
    }

    /** PEFT lists both names that classifiers have, whichever the model's has. */
    private boolean isAddedByPeft(String entry, Set<String> effective) {
        return CLASSIFIER_TASKS.contains(String.valueOf(config.metadata().taskType()))
                && CLASSIFIERS.contains(entry)
                && !effective.contains(entry)
                && effective.stream().anyMatch(CLASSIFIERS::contains);
    }

    private static boolean isIn(Set<String> tensors, Module module) {
        return module.parameters().stream()
                .anyMatch(p -> tensors.contains(module.name() + "." + p.name()));
    }

    private boolean hasNames(Module module) {
        for (Parameter parameter : module.parameters()) {
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

    /** Returns the copies of modules, in the model's order; tied ones share what they share. */
    List<ReplacementPlan> modules(Set<Module> saved) {
        return copies(
                request.parameters().filter(p -> saved.contains(p.module())),
                p -> config.ensureWeightTying() ? p.parameter().id() : p.name(),
                ReplacementPlan.Reason.SAVED_MODULE);
    }

    /**
     * Returns the copies of biases, in the model's order.
     *
     * @param pairs the pairs of the plan, on which {@code lora_only} depends
     * @param saved the modules that are copied as a whole, their biases included
     * @param problems gets what is wrong about {@code bias}
     */
    List<ReplacementPlan> biases(List<PairPlan> pairs, Set<Module> saved, Problems problems) {
        if (config.bias() == BiasMode.NONE) {
            return List.of();
        }
        boolean all = config.bias() == BiasMode.ALL;
        Set<String> adapted =
                pairs.stream()
                        .flatMap(pair -> pair.readers().stream())
                        .map(PairPlan.Reader::module)
                        .collect(Collectors.toSet());
        Set<String> copied =
                saved.stream()
                        .flatMap(module -> module.parameters().stream())
                        .map(Parameter::id)
                        .collect(Collectors.toSet());
        List<ReplacementPlan> biases =
                copies(
                        request.parameters()
                                .filter(p -> all || adapted.contains(p.module().name()))
                                .filter(p -> p.parameter().bias())
                                .filter(p -> !copied.contains(p.parameter().id())),
                        p -> p.parameter().id(),
                        ReplacementPlan.Reason.BIAS);
        List<String> uncovered = request.layout().otherBiases();
        if (biases.isEmpty()) {
            problems.add(all ? PlanMessage.BIAS_MISSING : PlanMessage.BIAS_NOT_TARGETED);
        }
        if (all && !uncovered.isEmpty()) {
            problems.add(PlanMessage.BIAS_UNCOVERED, Problems.list(uncovered));
        }
        return biases;
    }

    private static List<ReplacementPlan> copies(
            Stream<ModuleParameter> parameters,
            Function<ModuleParameter, String> key,
            ReplacementPlan.Reason reason) {
        return parameters
                .collect(Collectors.groupingBy(key, LinkedHashMap::new, Collectors.toList()))
                .values()
                .stream()
                .map(readers -> copy(readers, reason))
                .toList();
    }

    private static ReplacementPlan copy(
            List<ModuleParameter> readers, ReplacementPlan.Reason reason) {
        Parameter parameter = readers.get(0).parameter();
        return new ReplacementPlan(
                readers.stream()
                        .map(
                                r ->
                                        new ReplacementPlan.Reader(
                                                r.module().name(), r.parameter().name()))
                        .toList(),
                parameter.shape(),
                parameter.trainedType(),
                reason);
    }
}
