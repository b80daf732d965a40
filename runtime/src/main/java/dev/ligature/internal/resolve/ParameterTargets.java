package dev.ligature.internal.resolve;

import ai.djl.ndarray.types.Shape;
import dev.ligature.config.LoraConfig;
import dev.ligature.internal.hint.Nearest;
import dev.ligature.internal.names.NameMatch;
import dev.ligature.plan.LoraPlan;
import dev.ligature.plan.ModelLayout;
import dev.ligature.plan.ModuleKind;
import dev.ligature.plan.PairPlan;
import dev.ligature.plan.ReplacementPlan;
import dev.ligature.plan.TokenRowsPlan;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The parameters that {@code target_parameters} matches. An entry matches a parameter whose full
 * name, that of an annotated module and its own below it, is the entry or ends with a dot and it.
 */
final class ParameterTargets {
    private final LoraConfig config;
    private final List<Target> all = new ArrayList<>();
    private final List<Target> targeted;

    /** A parameter of an annotated module that has a name. */
    private record Target(ModelLayout.Module module, ModelLayout.Parameter parameter) {
        String name() {
            return module.name() + "." + parameter.name();
        }

        boolean matches(String entry) {
            return module.names().stream()
                    .anyMatch(name -> NameMatch.fits(entry, name + "." + parameter.name()));
        }

        boolean isMatrix() {
            return parameter.shape().dimension() == 2;
        }

        /** Returns the name of the block that has the parameter. */
        String owner() {
            return name().substring(0, name().lastIndexOf('.'));
        }

        PairResolver.Reading reading() {
            return new PairResolver.Reading(
                    new PairPlan.Reader(
                            owner(), ModuleKind.PARAMETER, module.name(), parameter.name()),
                    List.of(owner()));
        }
    }

    ParameterTargets(LoraConfig config, ModelLayout layout) {
        this.config = config;
        for (ModelLayout.Module module : layout.modules()) {
            for (ModelLayout.Parameter parameter : module.parameters()) {
                if (!parameter.name().isEmpty()) {
                    all.add(new Target(module, parameter));
                }
            }
        }
        targeted =
                all.stream()
                        .filter(t -> config.targetParameters().stream().anyMatch(t::matches))
                        .toList();
    }

    /**
     * Returns the weights that get a pair; tied parameters are one if the configuration says so.
     */
    Problems.Resolved<List<PairResolver.Weight>> resolve() {
        Problems problems = new Problems();
        addUnmatched(problems);
        Map<String, List<Target>> groups = new LinkedHashMap<>();
        for (Target target : targeted) {
            if (target.isMatrix()) {
                groups.computeIfAbsent(key(target), key -> new ArrayList<>());
            } else {
                Shape shape = target.parameter().shape();
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
        for (Target target : all) {
            List<Target> group = groups.get(key(target));
            if (group != null) {
                group.add(target);
            }
        }
        return problems.with(groups.values().stream().map(this::weight).toList());
    }

    private String key(Target target) {
        return config.ensureWeightTying() ? target.parameter().id() : target.name();
    }

    private PairResolver.Weight weight(List<Target> group) {
        ModelLayout.Parameter first = group.get(0).parameter();
        return new PairResolver.Weight(
                first.id().substring(0, first.id().lastIndexOf('.')),
                group.stream().map(Target::reading).toList(),
                PairPlan.Geometry.ofMatrix(first.shape()),
                0,
                new PairPlan.Variant(config.init(), false, false),
                first.trainedType());
    }

    private void addUnmatched(Problems problems) {
        Set<String> known = new LinkedHashSet<>();
        all.stream().filter(Target::isMatrix).forEach(target -> known.add(target.name()));
        for (String entry : config.targetParameters()) {
            if (targeted.stream().noneMatch(target -> target.matches(entry))) {
                problems.add(
                        PlanMessage.PARAMETER_UNMATCHED,
                        entry,
                        Nearest.hint(entry, known),
                        Problems.list(List.copyOf(known)));
            }
        }
    }

    /** Rejects parameters that another field adapts or replaces as well. */
    Problems conflicts(LoraPlan plan) {
        Map<String, String> claims = new HashMap<>();
        for (PairPlan pair : plan.pairs()) {
            for (PairPlan.Reader reader : pair.readers()) {
                if (reader.kind() != ModuleKind.PARAMETER) {
                    claims.putIfAbsent(
                            reader.slot() + "." + reader.parameter(),
                            "target_modules gives it a pair");
                }
            }
        }
        for (ReplacementPlan copy : plan.replacements()) {
            if (copy.reason() == ReplacementPlan.Reason.SAVED_MODULE) {
                copy.readers()
                        .forEach(
                                r ->
                                        claims.putIfAbsent(
                                                r.name(), "modules_to_save gives it a copy"));
            }
        }
        for (TokenRowsPlan rows : plan.tokenRows()) {
            for (TokenRowsPlan.Reader reader : rows.readers()) {
                claims.putIfAbsent(
                        reader.module() + "." + ModelLayout.Parameter.WEIGHT,
                        "trainable_token_indices gives it rows");
            }
        }
        Problems problems = new Problems();
        for (Target target : targeted) {
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
        return problems;
    }
}
