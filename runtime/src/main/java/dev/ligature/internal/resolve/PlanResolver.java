package dev.ligature.internal.resolve;

import dev.ligature.LoraException;
import dev.ligature.config.BiasMode;
import dev.ligature.config.LoraConfig;
import dev.ligature.internal.diag.Problem;
import dev.ligature.internal.names.NameVocabulary;
import dev.ligature.plan.LoraPlan;
import dev.ligature.plan.ModelLayout;
import dev.ligature.plan.PairPlan;
import dev.ligature.plan.ReplacementPlan;
import dev.ligature.plan.TokenRowsPlan;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Resolves a configuration: decides what it means for a model, and reports all that is wrong with
 * it in one error.
 *
 * <p>Each step returns what it decided and the problems that it found, and goes on with what has no
 * problem. Whether a problem is an error or a warning is decided at the end, once. A problem that
 * follows from another, such as that nothing is left to adapt where an entry is misspelt, is not
 * reported.
 */
public final class PlanResolver {
    private final LoraConfig config;
    private final ModelLayout layout;
    private final boolean creating;
    private final TieGroups ties;
    private final NameVocabulary vocabulary;

    /** What is wrong about which modules get a pair, and with which values. */
    private final Problems targeting = new Problems();

    /** Whether anything is left to adapt, which follows from errors in {@link #targeting}. */
    private final Problems nothingTargeted = new Problems();

    /** What is wrong about modules that get no pair, which follows from errors in the former. */
    private final Problems consequences = new Problems();

    private final Problems others = new Problems();

    private PlanResolver(LoraConfig config, ModelLayout layout, boolean creating) {
        this.config = config;
        this.layout = layout;
        this.creating = creating;
        ties = new TieGroups(layout);
        vocabulary = new NameVocabulary(layout.names());
    }

    /**
     * Resolves a configuration for a new adapter: an entry that has no effect is an error.
     *
     * @param config the configuration
     * @param layout the modules of the model, which must be initialised
     * @throws LoraException if the configuration does not fit the model
     */
    public static LoraPlan resolve(LoraConfig config, ModelLayout layout) {
        return new PlanResolver(config, layout, true).plan(Set.of());
    }

    /**
     * Resolves a configuration for an adapter that is loaded: an entry that has no effect is a
     * warning, because the tensors of the file decide.
     *
     * @param config the configuration
     * @param layout the modules of the model, which must be initialised
     * @param tensors the names of the tensors in the file, without PEFT's prefix: what {@code
     *     modules_to_save} means in a file of PEFT depends on them
     * @throws LoraException if the configuration does not fit the model
     */
    public static LoraPlan resolveForLoading(
            LoraConfig config, ModelLayout layout, Set<String> tensors) {
        return new PlanResolver(config, layout, false).plan(tensors);
    }

    /** Resolves a configuration for an adapter that is loaded, without knowing its file. */
    public static LoraPlan resolveForLoading(LoraConfig config, ModelLayout layout) {
        return resolveForLoading(config, layout, Set.of());
    }

    private LoraPlan plan(Set<String> tensors) {
        TargetMatcher matcher = new TargetMatcher(config);
        targeting.addAll(new UnmatchedEntries(config, layout, matcher, vocabulary).find());
        fields();
        PairGroups groups = new PairGroups(config, layout, ties, matcher, vocabulary);
        ParameterTargets parameters = new ParameterTargets(config, layout);
        List<PairPlan> pairs = pairs(groups, parameters);

        ModulesToSave saved =
                take(ModulesToSave.resolve(config, layout, ties, tensors, vocabulary), others);
        List<TokenRowsPlan> rows =
                take(new TokenRowsResolver(config, layout, ties, vocabulary).resolve(), others);
        List<ReplacementPlan> copies = new ArrayList<>(saved.copies());
        copies.addAll(
                take(
                        new BiasResolver(config, layout).resolve(pairs, saved.modules()),
                        config.bias() == BiasMode.LORA_ONLY ? consequences : others));
        LoraPlan plan = new LoraPlan(config, pairs, copies, rows, List.of());
        others.addAll(parameters.conflicts(plan));
        others.addAll(new WeightConflicts(layout, ties, plan).find(groups.saved()));
        return decide(plan);
    }

    private void fields() {
        config.metadata()
                .unknownFields()
                .forEach(field -> others.add(PlanMessage.UNKNOWN_FIELD, field));
        if (config.fanInFanOut()) {
            others.add(PlanMessage.FAN_IN_FAN_OUT);
        }
    }

    private List<PairPlan> pairs(PairGroups groups, ParameterTargets parameters) {
        PairResolver resolver = new PairResolver(config);
        List<List<ModelLayout.Module>> readers = take(groups.resolve(), targeting);
        List<PairResolver.Weight> weights =
                new ArrayList<>(readers.stream().map(resolver::weight).toList());
        weights.addAll(take(parameters.resolve(), targeting));
        List<PairPlan> pairs = take(resolver.resolve(weights), targeting);

        nothingTargeted.addAll(groups.nothingTargeted());
        PatternUse patterns =
                resolver.patternUse(
                        layout, readers.stream().flatMap(List::stream).toList(), vocabulary);
        others.addAll(patterns.wrong);
        consequences.addAll(patterns.idle);
        others.addAll(new PairCheck(layout, ties, creating).check(pairs));
        return pairs;
    }

    private static <T> T take(Problems.Resolved<T> resolved, Problems problems) {
        problems.addAll(resolved.problems());
        return resolved.value();
    }

    /** Throws if there are errors; else returns the plan with the warnings. */
    private LoraPlan decide(LoraPlan plan) {
        boolean strict = creating && !config.allowUnmatched();
        Problems all = new Problems();
        all.addAll(targeting);
        if (all.errors(strict).isEmpty()) {
            all.addAll(nothingTargeted);
        }
        if (all.errors(strict).isEmpty()) {
            all.addAll(consequences);
        }
        all.addAll(others);
        List<Problem<PlanMessage>> errors = all.errors(strict);
        if (!errors.isEmpty()) {
            throw Problem.error(errors);
        }
        return new LoraPlan(
                config, plan.pairs(), plan.replacements(), plan.tokenRows(), all.warnings(strict));
    }
}
