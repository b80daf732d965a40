package dev.ligature.internal.resolve;

import dev.ligature.LoraException;
import dev.ligature.config.BiasMode;
import dev.ligature.config.LoraConfig;
import dev.ligature.internal.diag.Problem;
import dev.ligature.plan.LoraPlan;
import dev.ligature.plan.ModelLayout;
import dev.ligature.plan.ModelLayout.Module;
import dev.ligature.plan.PairPlan;
import dev.ligature.plan.ReplacementPlan;
import dev.ligature.plan.TokenRowsPlan;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Resolves a configuration: decides what it means for a model, and reports all that is wrong with
 * it in one error.
 *
 * <p>Each step returns what it decided, without the parts that have a problem, and adds the
 * problems that it found. Whether a problem is an error or a warning is decided at the end, once. A
 * problem that follows from another, such as that nothing is left to adapt where an entry is
 * misspelt, is not reported.
 */
public final class PlanResolver {
    private final LoraConfig config;
    private final Request request;
    private final boolean creating;

    /** What is wrong about which modules get a pair, and with which values. */
    private final Problems targeting = new Problems();

    /** Whether anything is left to adapt, which follows from errors in {@link #targeting}. */
    private final Problems nothingTargeted = new Problems();

    /** What is wrong about modules that get no pair, which follows from errors in the former. */
    private final Problems consequences = new Problems();

    private final Problems others = new Problems();

    private PlanResolver(LoraConfig config, ModelLayout layout, boolean creating) {
        this.config = config;
        this.creating = creating;
        request = new Request(config, layout);
    }

    /**
     * Resolves a configuration for a new adapter: an entry that has no effect is an error.
     *
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
        new UnmatchedEntries(request, targeting).find();
        fields();
        PairGroups groups = new PairGroups(request);
        ParameterTargets parameters = new ParameterTargets(request);
        List<PairPlan> pairs = pairs(groups, parameters);
        if (creating) {
            parameters.insideOthers(request.matcher(), request, others);
        }
        fanInFanOut(pairs);
        pairs.stream()
                .filter(pair -> pair.alpha() == 0)
                .findFirst()
                .ifPresent(pair -> others.add(PlanMessage.NO_STRENGTH, pair.name()));

        CopyResolver copied = new CopyResolver(request, others);
        Set<Module> saved = copied.savedModules(tensors);
        List<TokenRowsPlan> rows = new TokenRowsResolver(request, others).resolve();
        List<ReplacementPlan> copies = new ArrayList<>(copied.modules(saved));
        copies.addAll(
                copied.biases(
                        pairs, saved, config.bias() == BiasMode.LORA_ONLY ? consequences : others));
        LoraPlan plan = new LoraPlan(config, pairs, copies, rows, List.of());
        new FileReaders(tensors).filled(plan, others);
        parameters.conflicts(plan, others);
        new WeightConflicts(request, plan, others).find(groups.saved());
        return decide(plan);
    }

    private void fields() {
        config.metadata()
                .unknownFields()
                .forEach(field -> others.add(PlanMessage.UNKNOWN_FIELD, field));
        config.metadata()
                .unusedFields()
                .forEach(field -> others.add(PlanMessage.UNUSED_FIELD, field));
    }

    private void fanInFanOut(List<PairPlan> pairs) {
        Optional<PairPlan> last = ExplicitConfig.lastLinear(pairs);
        boolean stored = last.map(PairPlan::transposed).orElse(false);
        if (config.fanInFanOut() != stored) {
            String why =
                    last.map(PairPlan::name)
                            .map(name -> name + " stores its weight as " + order(stored))
                            .orElse("no linear module is adapted");
            others.add(PlanMessage.FAN_IN_FAN_OUT, config.fanInFanOut(), why, stored);
        }
    }

    private static String order(boolean transposed) {
        return transposed ? "(in, out)" : "(out, in)";
    }

    private List<PairPlan> pairs(PairGroups groups, ParameterTargets parameters) {
        PairResolver resolver = new PairResolver(config, targeting);
        List<List<Module>> readers = groups.resolve(targeting);
        List<PairPlan> pairs = new ArrayList<>();
        readers.forEach(group -> groups.pair(group, resolver).ifPresent(pairs::add));
        pairs.addAll(parameters.resolve(resolver, targeting));

        groups.nothingTargeted(nothingTargeted);
        resolver.unused(
                request, readers.stream().flatMap(List::stream).toList(), others, consequences);
        new PairCheck(request, creating, others).check(pairs);
        return pairs;
    }

    /** Throws if there are errors; else returns the plan with the warnings. */
    private LoraPlan decide(LoraPlan plan) {
        boolean strict = creating && !config.allowUnmatched();
        Problems all = new Problems();
        all.addAll(targeting);
        for (Problems following : List.of(nothingTargeted, consequences)) {
            if (all.errors(strict).isEmpty()) {
                all.addAll(following);
            }
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
