package dev.ligature.plan;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * Makes a configuration say of every module that shares a pair what the plan decided for the pair,
 * so that a program that knows nothing of ties, or finds them by other rules, adapts the same
 * modules with the same rank and alpha.
 */
final class ExplicitConfig {
    private final LoraConfig config;
    private final List<PairPlan> shared;

    private ExplicitConfig(LoraConfig config, List<PairPlan> shared) {
        this.config = config;
        this.shared = shared;
    }

    static LoraConfig of(LoraPlan plan) {
        List<PairPlan> shared =
                plan.pairs().stream().filter(pair -> pair.readers().size() > 1).toList();
        return shared.isEmpty()
                ? plan.config()
                : new ExplicitConfig(plan.config(), shared).config();
    }

    private LoraConfig config() {
        LoraConfig.Builder builder = config.toBuilder();
        List<String> readers =
                shared.stream()
                        .flatMap(pair -> pair.readers().stream())
                        .map(PairPlan.Reader::module)
                        .toList();
        if (config.targetModules() instanceof ModuleSelection.Names names) {
            // Full names, for which layers_to_transform does not count.
            Set<String> all = new LinkedHashSet<>(names.names());
            all.addAll(readers);
            builder.setTargetModules(all);
        } else if (config.targetModules() instanceof ModuleSelection.Regex regex) {
            builder.setTargetModulesRegex(expression(regex, readers));
        }
        builder.optRankPattern(patterns(config.rankPattern(), config.rank(), pair -> pair.rank()));
        builder.optAlphaPattern(
                patterns(config.alphaPattern(), config.loraAlpha(), pair -> pair.alpha()));
        return builder.build();
    }

    private static String expression(ModuleSelection.Regex regex, List<String> readers) {
        NameMatch match = NameMatch.of(regex);
        List<String> alternatives = new ArrayList<>(List.of(regex.expression()));
        for (String reader : readers) {
            if (!match.fits(reader)) {
                alternatives.add(reader.replace(".", "\\."));
            }
        }
        return String.join("|", alternatives);
    }

    private <V> Map<String, V> patterns(
            Map<String, V> given, V otherwise, Function<PairPlan, V> value) {
        NamePatterns<V> known = new NamePatterns<>(given);
        Map<String, V> all = new LinkedHashMap<>(given);
        for (PairPlan pair : shared) {
            V decided = value.apply(pair);
            for (PairPlan.Reader reader : pair.readers()) {
                Optional<Map.Entry<String, V>> found = known.find(List.of(reader.module()));
                // Where a pattern decides for one reader alone, the others have to be named.
                if (found.isEmpty() && !decided.equals(otherwise)) {
                    all.put(reader.module(), decided);
                }
            }
        }
        return all;
    }
}
