package dev.ligature.internal.combine;

import ai.djl.ndarray.NDManager;
import dev.ligature.Combination;
import dev.ligature.Combination.Kind;
import dev.ligature.LoraException;
import dev.ligature.config.LoraConfig;
import dev.ligature.internal.adapter.AdapterMessage;
import dev.ligature.internal.adapter.AdapterParts;
import dev.ligature.internal.adapter.AdapterState;
import dev.ligature.internal.adapter.FactorPair;
import dev.ligature.internal.adapter.ScalarPool;
import dev.ligature.internal.names.PythonRegex;
import dev.ligature.internal.resolve.PlanResolver;
import dev.ligature.plan.LoraPlan;
import dev.ligature.plan.ModelLayout;
import dev.ligature.plan.PairPlan;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Plans and makes one adapter of several: on every module that one of them adapts. */
public final class CombinedAdapter {
    private final Map<AdapterState, Double> weights;
    private final Combination combination;
    private final LoraPlan plan;

    /**
     * Plans an adapter.
     *
     * @throws LoraException if they cannot be combined
     */
    public CombinedAdapter(
            Map<AdapterState, Double> weights, Combination combination, ModelLayout layout) {
        this.weights = new LinkedHashMap<>(weights);
        this.combination = combination;
        weights.keySet().forEach(this::checkPairs);
        this.plan = PlanResolver.resolve(config(layout, rank()), layout);
        plan.pairs().forEach(this::terms); // so that all errors come before anything is allocated
    }

    private void checkPairs(AdapterState adapter) {
        if (!adapter.replaced().isEmpty()) {
            throw cannot(adapter, "a copy of " + adapter.replaced().get(0).plan().name());
        }
        if (!adapter.tokenRows().isEmpty()) {
            throw cannot(adapter, "token rows of " + adapter.tokenRows().get(0).plan().name());
        }
        for (FactorPair pair : adapter.pairs()) {
            PairPlan plan = pair.plan();
            boolean grouped = plan.kernel() != null && plan.kernel().groups() > 1;
            String has =
                    plan.dora()
                            ? "DoRA"
                            : plan.loraBias()
                                    ? "lora_bias"
                                    : plan.startsFromWeight()
                                            ? "factors that count from where they started"
                                            : grouped ? "a convolution of groups" : "";
            if (!has.isEmpty()) {
                throw cannot(adapter, has + " at module " + plan.name());
            }
        }
    }

    private static LoraException cannot(AdapterState adapter, String has) {
        return AdapterMessage.COMBINATION_UNSUPPORTED.error(adapter.name(), has);
    }

    private int rank() {
        Set<Integer> ranks = new TreeSet<>();
        Map<String, Integer> sums = new LinkedHashMap<>();
        for (AdapterState adapter : weights.keySet()) {
            for (FactorPair pair : adapter.pairs()) {
                ranks.add(pair.plan().rank());
                for (PairPlan.Reader reader : pair.plan().readers()) {
                    sums.merge(reader.module(), pair.plan().rank(), Integer::sum);
                }
            }
        }
        int largest = ranks.stream().mapToInt(rank -> rank).max().orElse(1);
        if (combination.kind() == Kind.CAT) {
            return sums.values().stream().mapToInt(sum -> sum).max().orElse(1);
        }
        if (combination.isSvd()) {
            return combination.rank() == 0 ? largest : combination.rank();
        }
        if (ranks.size() > 1) {
            throw AdapterMessage.COMBINATION_RANKS.error(names(), ranks);
        }
        return largest;
    }

    private String names() {
        return weights.keySet().stream().map(AdapterState::name).collect(Collectors.joining(", "));
    }

    /** PEFT keeps use_rslora of the first adapter, and with it scales by √r what is scaled. */
    private LoraConfig config(ModelLayout layout, int rank) {
        LoraConfig first = weights.keySet().iterator().next().config();
        LoraConfig.Builder builder =
                LoraConfig.builder()
                        .optRank(rank)
                        .optLoraAlpha(rank)
                        .optLoraDropout(first.loraDropout())
                        .optTaskType(first.metadata().taskType())
                        .optBaseModelNameOrPath(first.metadata().baseModelNameOrPath())
                        .optEnsureWeightTying(isTied());
        Set<String> readers = readers();
        LoraConfig byName = builder.setTargetModules(readers).build();
        if (readers(PlanResolver.resolve(byName, layout)).equals(readers)) {
            return byName;
        }
        // A short name is also the end of longer ones.
        return builder.setTargetModulesRegex(
                        readers.stream().map(PythonRegex::quote).collect(Collectors.joining("|")))
                .build();
    }

    private boolean isTied() {
        return weights.keySet().stream()
                .flatMap(adapter -> adapter.pairs().stream())
                .anyMatch(pair -> pair.plan().readers().size() > 1);
    }

    private Set<String> readers() {
        Set<String> readers = new LinkedHashSet<>();
        for (AdapterState adapter : weights.keySet()) {
            readers.addAll(readers(adapter.plan()));
        }
        return readers;
    }

    private static Set<String> readers(LoraPlan plan) {
        return plan.pairs().stream()
                .flatMap(pair -> pair.readers().stream())
                .map(PairPlan.Reader::module)
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    /** Returns the pairs that a new pair stands for. */
    private List<WeightedPairs.Term> terms(PairPlan pair) {
        List<WeightedPairs.Term> terms = new ArrayList<>();
        for (Map.Entry<AdapterState, Double> entry : weights.entrySet()) {
            Set<FactorPair> found = new LinkedHashSet<>();
            int read = 0;
            for (FactorPair theirs : entry.getKey().pairs()) {
                for (PairPlan.Reader reader : theirs.plan().readers()) {
                    if (pair.readers().contains(reader)) {
                        found.add(theirs);
                        read++;
                    }
                }
            }
            if (found.size() > 1 || (read > 0 && read < pair.readers().size())) {
                throw AdapterMessage.COMBINATION_TIE.error(
                        names(),
                        pair.readers().stream()
                                .map(PairPlan.Reader::module)
                                .collect(Collectors.joining(", ")),
                        entry.getKey().name());
            }
            found.forEach(one -> terms.add(new WeightedPairs.Term(one, entry.getValue())));
        }
        return terms;
    }

    /** Makes the adapter, which owns the manager; it is not trainable. */
    public AdapterState create(String name, NDManager manager) {
        WeightedPairs pairs = new WeightedPairs(combination);
        List<FactorPair> combined = new ArrayList<>();
        ScalarPool scalars = new ScalarPool(manager);
        for (PairPlan pair : plan.pairs()) {
            combined.add(pairs.combine(pair, terms(pair), scalars));
        }
        AdapterParts parts = new AdapterParts(combined, List.of(), List.of());
        return new AdapterState(name, plan, manager, parts, false);
    }
}
