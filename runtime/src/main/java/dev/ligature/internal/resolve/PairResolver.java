package dev.ligature.internal.resolve;

import ai.djl.ndarray.types.DataType;
import dev.ligature.config.LoraConfig;
import dev.ligature.config.PatternValue;
import dev.ligature.internal.names.NamePatterns;
import dev.ligature.internal.names.NameVocabulary;
import dev.ligature.plan.ModelLayout.Module;
import dev.ligature.plan.PairPlan;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Makes the plans of pairs, with the rank and alpha that patterns decide. */
final class PairResolver {
    private final boolean useRslora;
    private final Values<Integer> ranks;
    private final Values<Double> alphas;
    private final Problems problems;

    /** The values of one pattern field, and the patterns that decided for a reader. */
    private record Values<V>(
            String field, NamePatterns<V> patterns, V otherwise, Set<String> decisive) {
        Values(String field, List<PatternValue<V>> patterns, V otherwise) {
            this(field, PairResolver.patterns(patterns), otherwise, new LinkedHashSet<>());
        }
    }

    PairResolver(LoraConfig config, Problems problems) {
        this.problems = problems;
        useRslora = config.useRslora();
        ranks = new Values<>("rank_pattern", config.rankPattern(), config.rank());
        alphas = new Values<>("alpha_pattern", config.alphaPattern(), config.loraAlpha());
    }

    /** Returns the patterns of a field, compiled. */
    static <V> NamePatterns<V> patterns(List<PatternValue<V>> patterns) {
        Map<String, V> values = new LinkedHashMap<>();
        patterns.forEach(entry -> values.putIfAbsent(entry.pattern(), entry.value()));
        return new NamePatterns<>(values);
    }

    /**
     * Returns the plan of a pair; empty if the patterns contradict each other.
     *
     * @param readers who reads it, each with all names of its module
     */
    Optional<PairPlan> pair(
            String weight,
            Map<PairPlan.Reader, List<String>> readers,
            PairPlan.Geometry geometry,
            double dropout,
            PairPlan.Variant variant,
            DataType dataType) {
        Optional<Integer> rank = value(ranks, readers);
        Optional<Double> alpha = value(alphas, readers);
        if (rank.isEmpty() || alpha.isEmpty()) {
            return Optional.empty();
        }
        PairPlan.Strength strength =
                PairPlan.Strength.of(rank.get(), alpha.get(), useRslora, dropout);
        return Optional.of(
                new PairPlan(
                        weight,
                        List.copyOf(readers.keySet()),
                        geometry,
                        strength,
                        variant,
                        dataType));
    }

    private <V> Optional<V> value(Values<V> values, Map<PairPlan.Reader, List<String>> readers) {
        List<String> modules = readers.keySet().stream().map(PairPlan.Reader::module).toList();
        Map<String, V> found = new LinkedHashMap<>();
        readers.forEach(
                (reader, names) ->
                        values.patterns()
                                .find(names)
                                .ifPresent(
                                        entry -> {
                                            values.decisive().add(entry.getKey());
                                            found.put(reader.module(), entry.getValue());
                                        }));
        if (Set.copyOf(found.values()).size() > 1) {
            problems.add(
                    PlanMessage.TIE_CONFLICT,
                    Problems.list(modules),
                    values.field(),
                    found.entrySet().stream()
                            .map(entry -> entry.getKey() + " " + entry.getValue())
                            .collect(Collectors.joining(" and ")));
            return Optional.empty();
        }
        V value = found.values().stream().findFirst().orElse(values.otherwise());
        List<String> others = modules.stream().filter(m -> !found.containsKey(m)).toList();
        if (!others.isEmpty() && !value.equals(values.otherwise())) {
            problems.add(
                    PlanMessage.TIE_PATTERN_SPREAD,
                    values.field(),
                    String.join(", ", found.keySet()),
                    value,
                    Problems.list(others),
                    values.otherwise());
        }
        return Optional.of(value);
    }

    /**
     * Finds the patterns that decide for no pair; to be called when all pairs are resolved.
     *
     * @param adapted the modules that are adapted
     * @param wrong gets the patterns that decide nothing whatever is targeted
     * @param idle gets the patterns for modules that are not adapted
     */
    void unused(Request request, List<Module> adapted, Problems wrong, Problems idle) {
        unused(ranks, request, adapted, wrong, idle);
        unused(alphas, request, adapted, wrong, idle);
    }

    private static <V> void unused(
            Values<V> values,
            Request request,
            List<Module> adapted,
            Problems wrong,
            Problems idle) {
        NamePatterns<V> patterns = values.patterns();
        for (String pattern : patterns.patterns()) {
            if (values.decisive().contains(pattern)) {
                continue;
            }
            if (adapted.stream().anyMatch(m -> patterns.matches(pattern, m.names()))) {
                wrong.add(PlanMessage.PATTERN_SHADOWED, values.field(), pattern);
            } else if (request.modules().stream()
                    .anyMatch(m -> patterns.matches(pattern, m.names()))) {
                idle.add(PlanMessage.PATTERN_NOT_ADAPTED, values.field(), pattern);
            } else {
                wrong.addUnmatched(
                        values.field(), pattern, request.vocabulary(), NameVocabulary::suffixes);
            }
        }
    }
}
