package dev.ligature.internal.resolve;

import dev.ligature.LoraException;
import dev.ligature.config.BiasMode;
import dev.ligature.config.LoraConfig;
import dev.ligature.internal.names.NameVocabulary;
import dev.ligature.plan.ModelLayout;
import dev.ligature.plan.PairPlan;
import dev.ligature.plan.ReplacementPlan;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Decides which biases an adapter has copies of: PEFT's {@code bias}. */
public final class BiasResolver {
    private final LoraConfig config;
    private final ModelLayout layout;

    public BiasResolver(LoraConfig config, ModelLayout layout) {
        this.config = config;
        this.layout = layout;
    }

    /**
     * Returns the copies, in the model's order.
     *
     * @param pairs the pairs of the plan, which {@code lora_only} goes by
     * @param saved the modules that are copied as a whole, their biases included
     */
    public List<ReplacementPlan> resolve(List<PairPlan> pairs, Set<ModelLayout.Module> saved) {
        if (config.bias() == BiasMode.NONE) {
            return List.of();
        }
        Set<String> adapted =
                pairs.stream()
                        .flatMap(pair -> pair.readers().stream())
                        .map(PairPlan.Reader::module)
                        .collect(Collectors.toSet());
        Set<String> copied = new HashSet<>();
        saved.forEach(module -> module.parameters().forEach(p -> copied.add(p.id())));
        Map<String, List<ReplacementPlan.Reader>> readers = new LinkedHashMap<>();
        Map<String, ModelLayout.Parameter> biases = new LinkedHashMap<>();
        for (ModelLayout.Module module : layout.modules()) {
            if (config.bias() == BiasMode.LORA_ONLY && !adapted.contains(module.name())) {
                continue;
            }
            for (ModelLayout.Parameter parameter : module.parameters()) {
                if (parameter.bias() && !copied.contains(parameter.id())) {
                    biases.putIfAbsent(parameter.id(), parameter);
                    readers.computeIfAbsent(parameter.id(), id -> new ArrayList<>())
                            .add(new ReplacementPlan.Reader(module.name(), parameter.name()));
                }
            }
        }
        return biases.entrySet().stream()
                .map(
                        bias ->
                                ModulesToSave.plan(
                                        readers.getOrDefault(bias.getKey(), List.of()),
                                        bias.getValue(),
                                        ReplacementPlan.Reason.BIAS))
                .toList();
    }

    /** Throws if all biases are asked for and some belong to no module, so that none is missed. */
    public void requireAll() {
        if (config.bias() == BiasMode.ALL && !layout.otherBiases().isEmpty()) {
            throw new LoraException(
                    "LoraBiasUncovered",
                    "bias is 'all', but "
                            + NameVocabulary.shown(layout.otherBiases())
                            + " of the model belong to no annotated module, so the adapter could"
                            + " not have them. Annotate the fields of their blocks with"
                            + " @LoraTarget, or set bias to 'lora_only'.");
        }
    }
}
