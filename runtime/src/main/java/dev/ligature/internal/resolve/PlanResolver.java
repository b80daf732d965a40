package dev.ligature.internal.resolve;

import dev.ligature.LoraException;
import dev.ligature.config.LoraConfig;
import dev.ligature.plan.LoraPlan;
import dev.ligature.plan.ModelLayout;
import dev.ligature.plan.PairPlan;
import dev.ligature.plan.PlanWarning;
import dev.ligature.plan.ReplacementPlan;
import dev.ligature.plan.TokenRowsPlan;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** Resolves configurations: decides what each means for a model. */
public final class PlanResolver {
    private PlanResolver() {}

    /**
     * Resolves a configuration for a new adapter: an entry that has no effect is an error.
     *
     * @param config what is asked
     * @param layout the modules of the model, which must be initialised
     * @throws LoraException if the configuration does not fit the model
     */
    public static LoraPlan resolve(LoraConfig config, ModelLayout layout) {
        return resolve(config, layout, Set.of(), true);
    }

    /**
     * Resolves a configuration for an adapter that is loaded: an entry that has no effect is a
     * warning, because the tensors of the file decide.
     *
     * @param config what is asked
     * @param layout the modules of the model, which must be initialised
     * @param tensors the names of the tensors in the file, without PEFT's prefix: what {@code
     *     modules_to_save} means in a file of PEFT depends on them
     * @throws LoraException if the configuration does not fit the model
     */
    public static LoraPlan resolveForLoading(
            LoraConfig config, ModelLayout layout, Set<String> tensors) {
        return resolve(config, layout, tensors, false);
    }

    /**
     * Resolves a configuration for an adapter that is loaded, without knowing its file.
     *
     * @param config what is asked
     * @param layout the modules of the model, which must be initialised
     * @throws LoraException if the configuration does not fit the model
     */
    public static LoraPlan resolveForLoading(LoraConfig config, ModelLayout layout) {
        return resolveForLoading(config, layout, Set.of());
    }

    private static LoraPlan resolve(
            LoraConfig config, ModelLayout layout, Set<String> tensors, boolean creating) {
        boolean strict = creating && !config.allowUnmatched();
        PairGroups.requireHead(config, layout);
        TargetMatcher matcher = new TargetMatcher(config);
        UnmatchedEntries check = new UnmatchedEntries(config, layout, matcher);
        TieGroups ties = new TieGroups(layout);
        ModulesToSave saved = new ModulesToSave(config, layout, ties, tensors);
        TokenRowsResolver rowsResolver = new TokenRowsResolver(config, layout, ties);
        List<PlanWarning> unmatched = new ArrayList<>(check.selections());
        config.unknownFields().forEach(field -> unmatched.add(unknown(field)));
        unmatched.addAll(check.replacements(saved, rowsResolver));
        ParameterTargets parameters = new ParameterTargets(config, layout);
        unmatched.addAll(parameters.unmatched());
        refuse(unmatched, strict);

        PairGroups groups = new PairGroups(config, layout, ties, matcher);
        List<List<ModelLayout.Module>> readers = groups.resolve();
        PairResolver resolver = new PairResolver(config);
        List<PairPlan> pairs = new ArrayList<>();
        readers.forEach(group -> pairs.add(resolver.resolve(group)));
        pairs.addAll(parameters.resolve(resolver));
        PairCheck pairCheck = new PairCheck(layout, ties);
        pairs.forEach(pair -> pairCheck.check(pair, creating));
        unmatched.addAll(resolver.unused(check, readers.stream().flatMap(List::stream).toList()));

        List<ReplacementPlan> replacements = new ArrayList<>(saved.resolve());
        List<TokenRowsPlan> rows = rowsResolver.resolve();
        BiasResolver biasResolver = new BiasResolver(config, layout);
        List<ReplacementPlan> biases = biasResolver.resolve(pairs, saved.modules());
        unmatched.addAll(check.bias(biases));
        refuse(unmatched, strict);
        parameters.checkClaims(pairs, replacements, rows);
        WeightConflicts claims =
                new WeightConflicts(config, layout, ties, pairs, replacements, rows);
        claims.check(strict ? groups.saved() : List.of());
        if (strict) {
            biasResolver.requireAll();
        }
        replacements.addAll(biases);

        List<PlanWarning> warnings = new ArrayList<>(claims.warnings());
        warnings.addAll(check.saved());
        warnings.addAll(saved.warnings());
        if (!strict) {
            warnings.addAll(resolver.spread());
        }
        warnings.addAll(unmatched);
        if (config.fanInFanOut()) {
            warnings.add(
                    new PlanWarning(
                            "LoraFanInFanOut",
                            "fan_in_fan_out is true, but the weights of DJL's blocks are stored as"
                                    + " (out, in), and the factors are the same either way: it is"
                                    + " not needed, and saved as false."));
        }
        return new LoraPlan(config, pairs, replacements, rows, warnings);
    }

    private static PlanWarning unknown(String field) {
        return new PlanWarning(
                "LoraUnknownField",
                "The configuration has "
                        + field
                        + ", which PEFT 0.21 does not know either: it has no effect and is not"
                        + " saved. Remove it, or check what a newer PEFT means by it.");
    }

    private static void refuse(List<PlanWarning> unmatched, boolean strict) {
        if (strict && !unmatched.isEmpty()) {
            throw new LoraException(
                    unmatched.get(0).code(),
                    unmatched.stream().map(PlanWarning::message).collect(Collectors.joining(" ")));
        }
    }
}
