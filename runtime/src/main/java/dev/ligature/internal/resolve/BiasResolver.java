package dev.ligature.internal.resolve;

import dev.ligature.config.BiasMode;
import dev.ligature.config.LoraConfig;
import dev.ligature.plan.ModelLayout;
import dev.ligature.plan.PairPlan;
import dev.ligature.plan.ReplacementPlan;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Decides which biases an adapter has copies of: PEFT's {@code bias}. */
final class BiasResolver {
    private final LoraConfig config;
    private final ModelLayout layout;

    BiasResolver(LoraConfig config, ModelLayout layout) {
        this.config = config;
        this.layout = layout;
    }

    /**
     * Returns the copies, in the model's order.
     *
     * @param pairs the pairs of the plan, on which {@code lora_only} depends
     * @param saved the modules that are copied as a whole, their biases included
     */
    Problems.Resolved<List<ReplacementPlan>> resolve(
            List<PairPlan> pairs, Set<ModelLayout.Module> saved) {
        Problems problems = new Problems();
        if (config.bias() == BiasMode.NONE) {
            return problems.with(List.of());
        }
        List<ReplacementPlan> biases = biases(pairs, saved);
        if (config.bias() == BiasMode.ALL) {
            if (biases.isEmpty()) {
                problems.add(PlanMessage.BIAS_MISSING);
            }
            if (!layout.otherBiases().isEmpty()) {
                problems.add(PlanMessage.BIAS_UNCOVERED, Problems.list(layout.otherBiases()));
            }
        } else if (biases.isEmpty()) {
            problems.add(PlanMessage.BIAS_NOT_TARGETED);
        }
        return problems.with(biases);
    }

    private List<ReplacementPlan> biases(List<PairPlan> pairs, Set<ModelLayout.Module> saved) {
        Set<String> adapted =
                pairs.stream()
                        .flatMap(pair -> pair.readers().stream())
                        .map(PairPlan.Reader::module)
                        .collect(Collectors.toSet());
        Set<String> copied = new HashSet<>();
        saved.forEach(module -> module.parameters().forEach(p -> copied.add(p.id())));
        Map<String, ModulesToSave.ParameterCopy> copies = new LinkedHashMap<>();
        for (ModelLayout.Module module : layout.modules()) {
            if (config.bias() == BiasMode.LORA_ONLY && !adapted.contains(module.name())) {
                continue;
            }
            for (ModelLayout.Parameter parameter : module.parameters()) {
                if (parameter.bias() && !copied.contains(parameter.id())) {
                    copies.computeIfAbsent(
                                    parameter.id(),
                                    id -> new ModulesToSave.ParameterCopy(parameter))
                            .readers()
                            .add(new ReplacementPlan.Reader(module.name(), parameter.name()));
                }
            }
        }
        return copies.values().stream()
                .map(copy -> copy.plan(ReplacementPlan.Reason.BIAS))
                .toList();
    }
}
