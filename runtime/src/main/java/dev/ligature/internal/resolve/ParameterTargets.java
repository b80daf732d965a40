package dev.ligature.internal.resolve;

import ai.djl.ndarray.types.Shape;
import dev.ligature.LoraException;
import dev.ligature.annotation.Role;
import dev.ligature.config.LoraConfig;
import dev.ligature.internal.names.NameMatch;
import dev.ligature.internal.names.NameVocabulary;
import dev.ligature.internal.names.Nearest;
import dev.ligature.plan.ModelLayout;
import dev.ligature.plan.ModuleKind;
import dev.ligature.plan.PairPlan;
import dev.ligature.plan.PlanWarning;
import dev.ligature.plan.ReplacementPlan;
import dev.ligature.plan.TokenRowsPlan;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The parameters that {@code target_parameters} means. An entry fits a parameter whose full name,
 * that of an annotated module and its own below it, is the entry or ends with a dot and it.
 */
public final class ParameterTargets {
    private static final String FIELD = "target_parameters";

    private final LoraConfig config;
    private final List<Target> all = new ArrayList<>();
    private final List<Target> targeted;

    /** A parameter of an annotated module that has a name. */
    private record Target(ModelLayout.Module module, ModelLayout.Parameter parameter) {
        String name() {
            return module.name() + "." + parameter.name();
        }

        List<String> names() {
            return TargetMatcher.names(module).stream()
                    .map(name -> name + "." + parameter.name())
                    .toList();
        }

        PairPlan.Reader reader() {
            String owner = name().substring(0, name().lastIndexOf('.'));
            return new PairPlan.Reader(
                    owner, ModuleKind.PARAMETER, module.name(), parameter.name());
        }

        /** Returns what has the parameter as a module, for rules that are about modules. */
        ModelLayout.Module owner() {
            return new ModelLayout.Module(
                    reader().module(),
                    List.of(),
                    Role.MODULE,
                    ModuleKind.PARAMETER,
                    module.type(),
                    parameter.id().substring(0, parameter.id().lastIndexOf('.')),
                    parameter.shape(),
                    parameter.dataType());
        }
    }

    public ParameterTargets(LoraConfig config, ModelLayout layout) {
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
                        .filter(
                                target ->
                                        config.targetParameters().stream().anyMatch(target(target)))
                        .toList();
    }

    private static java.util.function.Predicate<String> target(Target target) {
        return entry -> target.names().stream().anyMatch(name -> NameMatch.fits(entry, name));
    }

    /** Returns the entries that match nothing. */
    public List<PlanWarning> unmatched() {
        List<PlanWarning> found = new ArrayList<>();
        Set<String> known = new LinkedHashSet<>();
        all.stream()
                .filter(target -> target.parameter().shape().dimension() == 2)
                .forEach(target -> known.add(target.name()));
        for (String entry : config.targetParameters()) {
            if (targeted.stream().noneMatch(target -> target(target).test(entry))) {
                found.add(
                        new PlanWarning(
                                "LoraEntryUnmatched",
                                FIELD
                                        + " has '"
                                        + entry
                                        + "', which matches no parameter of the model's modules."
                                        + Nearest.hint(entry, known)
                                        + " Correct or remove it; they have "
                                        + NameVocabulary.shown(List.copyOf(known))
                                        + "."));
            }
        }
        return found;
    }

    /** Returns the plans of their pairs; tied parameters have one if the configuration says so. */
    public List<PairPlan> resolve(PairResolver resolver) {
        Map<String, List<Target>> groups = new LinkedHashMap<>();
        for (Target target : targeted) {
            requireMatrix(target);
            String key = config.ensureWeightTying() ? target.parameter().id() : target.name();
            groups.computeIfAbsent(key, k -> new ArrayList<>());
        }
        for (Target target : all) {
            String key = config.ensureWeightTying() ? target.parameter().id() : target.name();
            List<Target> group = groups.get(key);
            if (group != null) {
                group.add(target);
            }
        }
        return groups.values().stream()
                .map(
                        group ->
                                resolver.resolve(
                                        group.stream().map(Target::reader).toList(),
                                        group.stream().map(Target::owner).toList()))
                .toList();
    }

    private static void requireMatrix(Target target) {
        Shape shape = target.parameter().shape();
        if (shape.dimension() != 2) {
            throw new LoraException(
                    "LoraParameterShape",
                    FIELD
                            + " means "
                            + target.name()
                            + ", which has the shape "
                            + shape
                            + ", not (out, in): "
                            + (shape.dimension() == 3
                                    ? "matrices of several experts in one parameter are not"
                                            + " adapted. Remove it."
                                    : "LoRA adapts matrices. Remove it."));
        }
    }

    /** Throws if one of the parameters is adapted or replaced by another field as well. */
    public void checkClaims(
            List<PairPlan> pairs, List<ReplacementPlan> copies, List<TokenRowsPlan> tokenRows) {
        for (Target target : targeted) {
            for (PairPlan pair : pairs) {
                for (PairPlan.Reader reader : pair.readers()) {
                    if (reader.kind() != ModuleKind.PARAMETER
                            && isAt(target, reader.slot(), reader.parameter())) {
                        throw claimedTwice(target, "target_modules gives it a pair");
                    }
                }
            }
            for (ReplacementPlan copy : copies) {
                for (ReplacementPlan.Reader reader : copy.readers()) {
                    if (isAt(target, reader.module(), reader.parameter())) {
                        throw claimedTwice(target, "modules_to_save gives it a copy");
                    }
                }
            }
            for (TokenRowsPlan rows : tokenRows) {
                for (TokenRowsPlan.Reader reader : rows.readers()) {
                    if (isAt(target, reader.module(), ModelLayout.Parameter.WEIGHT)) {
                        throw claimedTwice(target, "trainable_token_indices gives it rows");
                    }
                }
            }
        }
    }

    private static boolean isAt(Target target, String module, String parameter) {
        return target.module().name().equals(module) && target.parameter().name().equals(parameter);
    }

    private static LoraException claimedTwice(Target target, String other) {
        return new LoraException(
                "LoraWeightClaimedTwice",
                "Of the weight of module "
                        + target.reader().module()
                        + ", "
                        + FIELD
                        + " means "
                        + target.name()
                        + ", and "
                        + other
                        + ". A weight can have one of these: take it out of one of the fields.");
    }
}
