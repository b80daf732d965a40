package dev.ligature.internal.resolve;

import ai.djl.ndarray.types.Shape;
import dev.ligature.config.LoraConfig;
import dev.ligature.config.ModuleSelection;
import dev.ligature.internal.hint.Nearest;
import dev.ligature.internal.resolve.TargetMatcher.Outcome;
import dev.ligature.plan.LoraPlan;
import dev.ligature.plan.ModelLayout.Module;
import dev.ligature.plan.ModelLayout.Parameter;
import dev.ligature.plan.ModuleKind;
import dev.ligature.plan.PairPlan;
import dev.ligature.plan.ReplacementPlan;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The parameters that {@code target_parameters} matches. An entry matches a parameter whose full
 * name, that of an annotated module and its own below it, is the entry or ends with a dot and it.
 */
final class ParameterTargets {
    private final LoraConfig config;
    private final List<ModuleParameter> all;
    private final List<ModuleParameter> targeted;

    ParameterTargets(Request request) {
        config = request.config();
        all = request.parameters().filter(p -> !p.parameter().name().isEmpty()).toList();
        targeted =
                all.stream()
                        .filter(t -> config.targetParameters().stream().anyMatch(t::matches))
                        .toList();
    }

    /** Returns the pairs; tied parameters share one if the configuration says so. */
    List<PairPlan> resolve(PairResolver resolver, Problems problems) {
        addUnmatched(problems);
        Map<String, List<ModuleParameter>> groups = new LinkedHashMap<>();
        for (ModuleParameter target : targeted) {
            Shape shape = target.parameter().shape();
            if (target.isMatrix()) {
                groups.computeIfAbsent(key(target), key -> new ArrayList<>());
            } else {
                problems.addOnce(
                        shape,
                        PlanMessage.PARAMETER_SHAPE,
                        target.name(),
                        shape,
                        shape.dimension() == 3
                                ? "matrices of several experts in one parameter are not adapted."
                                : "LoRA adapts matrices.");
            }
        }
        for (ModuleParameter reader : all) {
            List<ModuleParameter> group = groups.get(key(reader));
            if (group != null) {
                group.add(reader);
            }
        }
        return groups.values().stream().flatMap(g -> pair(g, resolver).stream()).toList();
    }

    /** Returns the full names of the matrices of a module, its own and those inside it. */
    static List<String> matricesIn(Module module) {
        return module.parameters().stream()
                .map(parameter -> new ModuleParameter(module, parameter))
                .filter(p -> !p.parameter().name().isEmpty() && p.isMatrix())
                .map(ModuleParameter::name)
                .toList();
    }

    /** Adds a warning if all linear modules are adapted, but not those inside other blocks. */
    void insideOthers(TargetMatcher matcher, Request request, Problems problems) {
        if (!(config.targetModules() instanceof ModuleSelection.AllLinear)) {
            return;
        }
        List<String> leftOut =
                request.layout().modules().stream()
                        .filter(module -> module.kind() == ModuleKind.OTHER)
                        .filter(module -> matcher.outcome(module) == Outcome.NO_MATCH)
                        .flatMap(
                                module ->
                                        matricesIn(module).stream()
                                                // those of a child
                                                .filter(
                                                        n ->
                                                                n.indexOf(
                                                                                '.',
                                                                                module.name()
                                                                                                .length()
                                                                                        + 1)
                                                                        > 0))
                        .filter(name -> targeted.stream().noneMatch(t -> t.name().equals(name)))
                        .toList();
        if (!leftOut.isEmpty()) {
            problems.add(PlanMessage.ALL_LINEAR_INSIDE, Problems.list(leftOut));
        }
    }

    private String key(ModuleParameter target) {
        return config.ensureWeightTying() ? target.parameter().id() : target.name();
    }

    private Optional<PairPlan> pair(List<ModuleParameter> group, PairResolver resolver) {
        Parameter first = group.get(0).parameter();
        Map<PairPlan.Reader, List<String>> readers = new LinkedHashMap<>();
        group.forEach(target -> readers.put(reader(target), List.of(target.owner())));
        return resolver.pair(
                first.id().substring(0, first.id().lastIndexOf('.')),
                readers,
                PairPlan.Geometry.ofMatrix(first.shape(), false),
                0,
                new PairPlan.Variant(config.init(), false, false),
                first.trainedType());
    }

    private static PairPlan.Reader reader(ModuleParameter target) {
        return new PairPlan.Reader(
                target.owner(),
                ModuleKind.PARAMETER,
                target.module().name(),
                target.parameter().name());
    }

    private void addUnmatched(Problems problems) {
        Set<String> known = new LinkedHashSet<>();
        all.stream().filter(ModuleParameter::isMatrix).forEach(p -> known.add(p.name()));
        for (String entry : config.targetParameters()) {
            if (targeted.stream().noneMatch(target -> target.matches(entry))) {
                problems.add(
                        PlanMessage.PARAMETER_UNMATCHED,
                        entry,
                        Nearest.hint(entry, known),
                        Problems.list(known));
            }
        }
    }

    /** Rejects parameters that another field adapts or replaces as well. */
    void conflicts(LoraPlan plan, Problems problems) {
        Map<String, String> claims = new HashMap<>();
        plan.pairs().stream()
                .flatMap(pair -> pair.readers().stream())
                .filter(r -> r.kind() != ModuleKind.PARAMETER)
                .forEach(r -> claims.put(weight(r.module()), "target_modules gives it a pair"));
        plan.replacements().stream()
                .filter(copy -> copy.reason() == ReplacementPlan.Reason.SAVED_MODULE)
                .flatMap(copy -> copy.readers().stream())
                .forEach(r -> claims.putIfAbsent(r.name(), "modules_to_save gives it a copy"));
        plan.tokenRows().stream()
                .flatMap(rows -> rows.readers().stream())
                .forEach(
                        r ->
                                claims.putIfAbsent(
                                        weight(r.module()),
                                        "trainable_token_indices gives it rows"));
        for (ModuleParameter target : targeted) {
            String other = claims.get(target.name());
            if (target.isMatrix() && other != null) {
                problems.addOnce(
                        other,
                        PlanMessage.PARAMETER_CLAIMED_TWICE,
                        target.owner(),
                        target.name(),
                        other);
            }
        }
    }

    private static String weight(String module) {
        return module + "." + Parameter.WEIGHT;
    }
}
