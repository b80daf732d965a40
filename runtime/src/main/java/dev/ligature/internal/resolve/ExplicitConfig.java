package dev.ligature.internal.resolve;

import dev.ligature.config.LoraConfig;
import dev.ligature.config.ModuleSelection;
import dev.ligature.config.PatternValue;
import dev.ligature.config.TokenSelection;
import dev.ligature.internal.names.NameMatch;
import dev.ligature.internal.names.NamePatterns;
import dev.ligature.internal.names.PythonRegex;
import dev.ligature.plan.LoraPlan;
import dev.ligature.plan.ModuleKind;
import dev.ligature.plan.PairPlan;
import dev.ligature.plan.ReplacementPlan;
import dev.ligature.plan.TokenRowsPlan;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * The configuration that files hold. It spells out what the plan decided for every adapted module,
 * so that a program that does not know the ties or the other names of a module, or finds them by
 * other rules, adapts the same modules with the same rank and alpha.
 */
public final class ExplicitConfig {
    private static final Pattern FLAGS = Pattern.compile("\\(\\?[a-zA-Z]+\\)");

    private final LoraConfig config;
    private final List<PairPlan> pairs;
    private final List<String> readers;

    private ExplicitConfig(LoraConfig config, List<PairPlan> pairs) {
        this.config = config;
        this.pairs = pairs;
        readers =
                pairs.stream()
                        .flatMap(pair -> pair.readers().stream())
                        .filter(reader -> reader.kind() != ModuleKind.PARAMETER)
                        .map(PairPlan.Reader::module)
                        .toList();
    }

    /**
     * Returns the configuration of a plan, with every module that is adapted targeted under the
     * name that files use, with its pair's rank and alpha. Resolving it gives the same pairs.
     */
    public static LoraConfig of(LoraPlan plan) {
        LoraConfig config = plan.config();
        ExplicitConfig explicit = new ExplicitConfig(config, plan.pairs());
        LoraConfig.Builder builder = config.toBuilder();
        explicit.targets(builder);
        explicit.parameters(builder);
        builder.optFanInFanOut(lastLinear(plan.pairs()).map(PairPlan::transposed).orElse(false));
        builder.optRankPattern(
                explicit.patterns(config.rankPattern(), config.rank(), PairPlan::rank));
        builder.optAlphaPattern(
                explicit.patterns(config.alphaPattern(), config.loraAlpha(), PairPlan::alpha));
        modulesToSave(plan, builder);
        tokens(plan, builder);
        return builder.build();
    }

    /**
     * Returns the pair of the last linear module, whose storage {@code fan_in_fan_out} declares:
     * PEFT corrects the field at each linear module that it adapts, and saves what it was last.
     */
    static Optional<PairPlan> lastLinear(List<PairPlan> pairs) {
        return pairs.stream()
                .filter(pair -> pair.readers().get(0).kind() == ModuleKind.LINEAR)
                .reduce((before, after) -> after);
    }

    private static void modulesToSave(LoraPlan plan, LoraConfig.Builder builder) {
        Set<String> saved = new LinkedHashSet<>();
        plan.replacements().stream()
                .filter(copy -> copy.reason() == ReplacementPlan.Reason.SAVED_MODULE)
                .flatMap(copy -> copy.readers().stream())
                .forEach(reader -> saved.add(reader.module()));
        if (!saved.isEmpty()) {
            builder.optModulesToSave(saved);
        }
    }

    private static void tokens(LoraPlan plan, LoraConfig.Builder builder) {
        if (plan.config().trainableTokenIndices().orElse(null) instanceof TokenSelection.ByModule) {
            Map<String, List<Integer>> rows = new LinkedHashMap<>();
            for (TokenRowsPlan tokens : plan.tokenRows()) {
                tokens.readers().forEach(reader -> rows.put(reader.module(), tokens.indices()));
            }
            builder.optTrainableTokenIndices(rows);
        }
    }

    private void targets(LoraConfig.Builder builder) {
        if (meansOtherModulesToPeft(config.targetModules())) {
            builder.setTargetModules(readers);
            return;
        }
        TargetMatcher matcher = new TargetMatcher(config);
        List<String> missing =
                readers.stream()
                        .filter(name -> matcher.outcome(name) != TargetMatcher.Outcome.TARGETED)
                        .toList();
        if (config.targetModules() instanceof ModuleSelection.Names names) {
            // Full names, for which layers_to_transform does not count.
            Set<String> all = new LinkedHashSet<>(names.names());
            all.addAll(missing);
            builder.setTargetModules(all);
        } else if (config.targetModules() instanceof ModuleSelection.Regex regex) {
            StringBuilder alternatives = new StringBuilder(regex.expression());
            missing.forEach(name -> alternatives.append('|').append(PythonRegex.quote(name)));
            builder.setTargetModulesRegex(alternatives.toString());
        }
    }

    /** Names the parameters that are adapted because they are tied to one that is targeted. */
    private void parameters(LoraConfig.Builder builder) {
        Set<String> all = new LinkedHashSet<>(config.targetParameters());
        for (PairPlan pair : pairs) {
            for (PairPlan.Reader reader : pair.readers()) {
                String name = reader.slot() + "." + reader.parameter();
                if (reader.kind() == ModuleKind.PARAMETER
                        && config.targetParameters().stream()
                                .noneMatch(entry -> NameMatch.fits(entry, name))) {
                    all.add(name);
                }
            }
        }
        builder.optTargetParameters(all);
    }

    private boolean meansOtherModulesToPeft(ModuleSelection targets) {
        if (targets instanceof ModuleSelection.Regex regex) {
            // PEFT puts what it ties into a group with the expression, which may then hold no flags
            // for the whole, as in (?i)lm_head.
            return FLAGS.matcher(regex.expression()).lookingAt()
                    && pairs.stream().anyMatch(pair -> pair.readers().size() > 1);
        }
        // PEFT takes the head for a linear module like others where it does not know the model.
        return targets instanceof ModuleSelection.AllLinear;
    }

    private <V> List<PatternValue<V>> patterns(
            List<PatternValue<V>> given, V otherwise, Function<PairPlan, V> value) {
        NamePatterns<V> known = PairResolver.patterns(given);
        Map<String, V> all = new LinkedHashMap<>();
        given.forEach(entry -> all.putIfAbsent(entry.pattern(), entry.value()));
        for (PairPlan pair : pairs) {
            V decided = value.apply(pair);
            for (PairPlan.Reader reader : pair.readers()) {
                List<String> name = List.of(reader.module());
                V found = known.find(name).map(Map.Entry::getValue).orElse(otherwise);
                if (!found.equals(decided)) {
                    all.put(reader.module(), decided); // last, so that it overrules no pattern
                }
            }
        }
        return PatternValue.listOf(all);
    }
}
