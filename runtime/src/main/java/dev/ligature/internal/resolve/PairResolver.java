package dev.ligature.internal.resolve;

import ai.djl.ndarray.types.DataType;
import dev.ligature.config.LoraConfig;
import dev.ligature.config.PatternValue;
import dev.ligature.internal.names.NamePatterns;
import dev.ligature.internal.names.NameVocabulary;
import dev.ligature.plan.ModelLayout;
import dev.ligature.plan.ModuleKind;
import dev.ligature.plan.PairPlan;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Makes the plans of pairs: rank, alpha, scaling and shape. */
final class PairResolver {
    private final LoraConfig config;
    private final Values<Integer> ranks;
    private final Values<Double> alphas;
    private final Problems problems = new Problems();

    /** The values of one pattern field, and the patterns that decided for a reader. */
    private record Values<V>(
            String field, NamePatterns<V> patterns, V otherwise, Set<String> decisive) {
        Values(String field, List<PatternValue<V>> patterns, V otherwise) {
            this(field, PairResolver.patterns(patterns), otherwise, new LinkedHashSet<>());
        }
    }

    /**
     * A weight that gets a pair, before rank and alpha are known.
     *
     * @param name the name of the weight
     * @param readings who reads it
     * @param geometry its shape
     * @param dropout the probability of dropout
     * @param variant what the pair does beyond plain LoRA
     * @param dataType the data type of the factors
     */
    record Weight(
            String name,
            List<Reading> readings,
            PairPlan.Geometry geometry,
            double dropout,
            PairPlan.Variant variant,
            DataType dataType) {
        PairPlan plan(PairPlan.Strength strength) {
            List<PairPlan.Reader> readers = readings.stream().map(Reading::reader).toList();
            return new PairPlan(name, readers, geometry, strength, variant, dataType);
        }
    }

    /**
     * A reader of a weight.
     *
     * @param reader the reader
     * @param names the names of the module, the one that files use first
     */
    record Reading(PairPlan.Reader reader, List<String> names) {}

    PairResolver(LoraConfig config) {
        this.config = config;
        ranks = new Values<>("rank_pattern", config.rankPattern(), config.rank());
        alphas = new Values<>("alpha_pattern", config.alphaPattern(), config.loraAlpha());
    }

    /** Returns the patterns of a field, compiled. */
    static <V> NamePatterns<V> patterns(List<PatternValue<V>> patterns) {
        Map<String, V> values = new LinkedHashMap<>();
        patterns.forEach(entry -> values.putIfAbsent(entry.pattern(), entry.value()));
        return new NamePatterns<>(values);
    }

    /** Returns the weight that a group of modules reads. */
    Weight weight(List<ModelLayout.Module> readers) {
        ModelLayout.Module first = readers.get(0);
        return new Weight(
                first.weight().isEmpty() ? first.name() : first.weight(),
                readers.stream()
                        .map(m -> new Reading(new PairPlan.Reader(m.name(), m.kind()), m.names()))
                        .toList(),
                geometry(first),
                config.loraDropout(),
                new PairPlan.Variant(config.init(), config.useDora(), config.loraBias()),
                first.trainedType());
    }

    /** Returns the plans of the pairs; without those whose patterns contradict each other. */
    Problems.Resolved<List<PairPlan>> resolve(List<Weight> weights) {
        List<PairPlan> pairs = new ArrayList<>();
        for (Weight weight : weights) {
            Optional<Integer> rank = value(ranks, weight.readings());
            Optional<Double> alpha = value(alphas, weight.readings());
            if (rank.isPresent() && alpha.isPresent()) {
                boolean rslora = config.useRslora();
                pairs.add(
                        weight.plan(
                                PairPlan.Strength.of(
                                        rank.get(), alpha.get(), rslora, weight.dropout())));
            }
        }
        return problems.with(pairs);
    }

    private static PairPlan.Geometry geometry(ModelLayout.Module module) {
        return module.kind() == ModuleKind.CONVOLUTION
                ? PairPlan.Geometry.ofConvolution(module.shape(), module.groups())
                : PairPlan.Geometry.ofMatrix(module.shape());
    }

    private <V> Optional<V> value(Values<V> values, List<Reading> readers) {
        Map<String, V> found = new LinkedHashMap<>();
        for (Reading reading : readers) {
            values.patterns()
                    .find(reading.names())
                    .ifPresent(
                            entry -> {
                                values.decisive().add(entry.getKey());
                                found.put(reading.reader().module(), entry.getValue());
                            });
        }
        if (Set.copyOf(found.values()).size() > 1) {
            problems.add(
                    PlanMessage.TIE_CONFLICT,
                    names(readers),
                    values.field(),
                    found.entrySet().stream()
                            .map(entry -> entry.getKey() + " " + entry.getValue())
                            .collect(Collectors.joining(" and ")));
            return Optional.empty();
        }
        V value = found.values().stream().findFirst().orElse(values.otherwise());
        if (!found.isEmpty()
                && found.size() < readers.size()
                && !value.equals(values.otherwise())) {
            problems.add(
                    PlanMessage.TIE_PATTERN_SPREAD,
                    values.field(),
                    String.join(", ", found.keySet()),
                    value,
                    names(
                            readers.stream()
                                    .filter(r -> !found.containsKey(r.reader().module()))
                                    .toList()),
                    values.otherwise());
        }
        return Optional.of(value);
    }

    private static String names(List<Reading> readers) {
        return Problems.list(readers.stream().map(r -> r.reader().module()).toList());
    }

    /**
     * Returns the patterns that decide for no pair; to be called when all pairs are resolved.
     *
     * @param adapted the modules that are adapted
     */
    PatternUse patternUse(
            ModelLayout layout, List<ModelLayout.Module> adapted, NameVocabulary vocabulary) {
        PatternUse use = new PatternUse(layout, adapted, vocabulary);
        use.check(ranks.field(), ranks.patterns(), ranks.decisive());
        use.check(alphas.field(), alphas.patterns(), alphas.decisive());
        return use;
    }
}
