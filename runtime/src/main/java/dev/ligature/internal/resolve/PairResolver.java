package dev.ligature.internal.resolve;

import ai.djl.ndarray.types.DataType;
import dev.ligature.LoraException;
import dev.ligature.config.LoraConfig;
import dev.ligature.internal.names.NamePatterns;
import dev.ligature.plan.ModelLayout;
import dev.ligature.plan.ModuleKind;
import dev.ligature.plan.PairPlan;
import dev.ligature.plan.PlanWarning;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Makes the plan of a pair from the modules that read it: rank, alpha, scaling and shape. */
public final class PairResolver {
    private final LoraConfig config;
    private final NamePatterns<Integer> ranks;
    private final NamePatterns<Double> alphas;
    private final Set<String> decisiveRanks = new LinkedHashSet<>();
    private final Set<String> decisiveAlphas = new LinkedHashSet<>();
    private final List<PlanWarning> spread = new ArrayList<>();

    public PairResolver(LoraConfig config) {
        this.config = config;
        ranks = new NamePatterns<>(config.rankPattern());
        alphas = new NamePatterns<>(config.alphaPattern());
    }

    /** Returns the plan of the pair that these modules read. */
    public PairPlan resolve(List<ModelLayout.Module> readers) {
        ModelLayout.Module first = readers.get(0);
        int rank = value("rank_pattern", ranks, decisiveRanks, readers, config.rank());
        double alpha = value("alpha_pattern", alphas, decisiveAlphas, readers, config.loraAlpha());
        PairPlan.Kernel kernel = kernel(first);
        List<PairPlan.Reader> by =
                readers.stream().map(m -> new PairPlan.Reader(m.name(), m.kind())).toList();
        return new PairPlan(
                first.weight().isEmpty() ? first.name() : first.weight(),
                by,
                first.shape().get(0),
                kernel == null ? first.shape().get(1) : kernel.channels() * kernel.window().size(),
                kernel,
                rank,
                alpha,
                alpha / (config.useRslora() ? Math.sqrt(rank) : rank),
                config.loraDropout(),
                config.init(),
                config.useDora(),
                config.loraBias(),
                first.dataType() == DataType.FLOAT64 ? DataType.FLOAT64 : DataType.FLOAT32);
    }

    /** Returns the plan of the pair of a parameter, with what stands for it as readers. */
    public PairPlan resolve(List<PairPlan.Reader> readers, List<ModelLayout.Module> asModules) {
        PairPlan pair = resolve(asModules);
        return new PairPlan(
                pair.weight(),
                readers,
                pair.out(),
                pair.in(),
                null,
                pair.rank(),
                pair.alpha(),
                pair.scaling(),
                0,
                pair.init(),
                false,
                false,
                pair.dataType());
    }

    private static PairPlan.@Nullable Kernel kernel(ModelLayout.Module module) {
        return module.kind() == ModuleKind.CONVOLUTION
                ? new PairPlan.Kernel(
                        module.shape().get(1) * module.groups(),
                        module.groups(),
                        module.shape().slice(2))
                : null;
    }

    /**
     * Returns a warning for each value that a pattern gives to some readers of a pair only. In an
     * adapter that PEFT trained the others were scaled by another value, while the factors are one.
     */
    public List<PlanWarning> spread() {
        return spread;
    }

    /** Returns what the check finds of the patterns; of meaning after all pairs are resolved. */
    public List<PlanWarning> unused(UnmatchedEntries check, List<ModelLayout.Module> adapted) {
        List<PlanWarning> found =
                new ArrayList<>(check.patterns("rank_pattern", ranks, decisiveRanks, adapted));
        found.addAll(check.patterns("alpha_pattern", alphas, decisiveAlphas, adapted));
        return found;
    }

    private <V> V value(
            String field,
            NamePatterns<V> patterns,
            Set<String> decisive,
            List<ModelLayout.Module> readers,
            V otherwise) {
        Map<String, V> found = new LinkedHashMap<>();
        for (ModelLayout.Module reader : readers) {
            patterns.find(TargetMatcher.names(reader))
                    .ifPresent(
                            entry -> {
                                decisive.add(entry.getKey());
                                found.put(reader.name(), entry.getValue());
                            });
        }
        if (Set.copyOf(found.values()).size() > 1) {
            throw conflict(field, found, readers);
        }
        V value = found.values().stream().findFirst().orElse(otherwise);
        if (!found.isEmpty() && found.size() < readers.size() && !value.equals(otherwise)) {
            spread.add(spread(field, found, readers, otherwise));
        }
        return value;
    }

    private static LoraException conflict(
            String field, Map<String, ?> found, List<ModelLayout.Module> readers) {
        return new LoraException(
                "LoraTieConflict",
                "Modules "
                        + PairGroups.names(readers)
                        + " read one weight and ensure_weight_tying is on, but "
                        + field
                        + " gives "
                        + found.entrySet().stream()
                                .map(entry -> entry.getKey() + " " + entry.getValue())
                                .collect(Collectors.joining(" and "))
                        + ". Give them one value, or set ensure_weight_tying to false.");
    }

    private static PlanWarning spread(
            String field, Map<String, ?> found, List<ModelLayout.Module> readers, Object other) {
        List<ModelLayout.Module> others =
                readers.stream().filter(module -> !found.containsKey(module.name())).toList();
        return new PlanWarning(
                "LoraTiePatternSpread",
                field
                        + " gives "
                        + String.join(", ", found.keySet())
                        + " the value "
                        + found.values().iterator().next()
                        + ", which also holds for "
                        + PairGroups.names(others)
                        + ", because they read one weight. PEFT uses "
                        + other
                        + " there: if it trained this adapter, name "
                        + PairGroups.names(others)
                        + " in "
                        + field
                        + " with the value that is meant.");
    }
}
