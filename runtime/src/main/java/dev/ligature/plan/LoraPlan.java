package dev.ligature.plan;

import dev.ligature.LoraException;
import dev.ligature.config.LoraConfig;
import dev.ligature.config.LoraInit;
import dev.ligature.internal.resolve.BiasResolver;
import dev.ligature.internal.resolve.ExplicitConfig;
import dev.ligature.internal.resolve.ModulesToSave;
import dev.ligature.internal.resolve.PairCheck;
import dev.ligature.internal.resolve.PairGroups;
import dev.ligature.internal.resolve.PairResolver;
import dev.ligature.internal.resolve.ParameterTargets;
import dev.ligature.internal.resolve.TargetMatcher;
import dev.ligature.internal.resolve.TieGroups;
import dev.ligature.internal.resolve.TokenRowsResolver;
import dev.ligature.internal.resolve.UnmatchedEntries;
import dev.ligature.internal.resolve.WeightConflicts;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What a configuration means for a model: which weights get a factor pair, of what rank and
 * scaling, which parameters are replaced, and which modules read what. Every rule of matching and
 * tying and every conflict is decided here, before anything is allocated.
 *
 * @param config the configuration that was resolved
 * @param pairs the pairs, in the order of the model's modules
 * @param replacements the copies of whole parameters, those of saved modules before biases
 * @param tokenRows the rows with values of their own
 * @param warnings what is doubtful; whoever uses the plan logs it
 */
public record LoraPlan(
        LoraConfig config,
        List<PairPlan> pairs,
        List<ReplacementPlan> replacements,
        List<TokenRowsPlan> tokenRows,
        List<PlanWarning> warnings) {
    /** Copies the lists. */
    public LoraPlan {
        pairs = List.copyOf(pairs);
        replacements = List.copyOf(replacements);
        tokenRows = List.copyOf(tokenRows);
        warnings = List.copyOf(warnings);
    }

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

    /**
     * Returns the number of elements of all factors, copies and rows; what several modules read
     * counts once.
     */
    public long trainableParameters() {
        return pairs.stream().mapToLong(PairPlan::parameterCount).sum()
                + replacements.stream().mapToLong(ReplacementPlan::parameterCount).sum()
                + tokenRows.stream().mapToLong(TokenRowsPlan::parameterCount).sum();
    }

    /** Returns the number of bytes of all factors, copies and rows. */
    public long byteCount() {
        return pairs.stream().mapToLong(PairPlan::byteCount).sum()
                + replacements.stream()
                        .mapToLong(copy -> copy.parameterCount() * copy.dataType().getNumOfBytes())
                        .sum()
                + tokenRows.stream()
                        .mapToLong(rows -> rows.parameterCount() * rows.dataType().getNumOfBytes())
                        .sum();
    }

    /** Returns a table of the pairs and their readers, then the warnings, to be printed. */
    public String report() {
        return new PlanReport(this).toString();
    }

    /**
     * Returns the configuration with what the plan decided spelled out: every module that is
     * adapted is targeted under the name that files use, with its pair's rank and alpha. Resolving
     * it gives the same pairs; files hold it, for programs that do not know the ties.
     */
    public LoraConfig explicitConfig() {
        return ExplicitConfig.of(this);
    }

    /**
     * Returns the plan of the same ΔW without any init that counts on the base being changed: each
     * pair that starts from its weight becomes one of twice the rank, see {@link
     * PairPlan#startsFromWeight}. Files hold it, as PEFT's conversion makes them; a plan without
     * such pairs is returned as it is.
     */
    public LoraPlan converted() {
        if (!config.init().startsFromWeight()) {
            return this;
        }
        double growth = config.useRslora() ? Math.sqrt(2) : 2;
        Map<String, Integer> ranks = new LinkedHashMap<>(config.rankPattern());
        ranks.replaceAll((pattern, rank) -> 2 * rank);
        Map<String, Double> alphas = new LinkedHashMap<>(config.alphaPattern());
        alphas.replaceAll((pattern, alpha) -> growth * alpha);
        LoraConfig doubled =
                config.toBuilder()
                        .optInit(LoraInit.DEFAULT)
                        .optRank(2 * config.rank())
                        .optLoraAlpha(growth * config.loraAlpha())
                        .optRankPattern(ranks)
                        .optAlphaPattern(alphas)
                        .build();
        List<PairPlan> plain =
                pairs.stream().map(pair -> pair.converted(config.useRslora())).toList();
        return new LoraPlan(doubled, plain, replacements, tokenRows, warnings);
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
