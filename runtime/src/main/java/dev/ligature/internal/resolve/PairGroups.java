package dev.ligature.internal.resolve;

import dev.ligature.annotation.Role;
import dev.ligature.config.LoraConfig;
import dev.ligature.config.ModuleSelection;
import dev.ligature.internal.names.NameVocabulary;
import dev.ligature.plan.ModelLayout;
import dev.ligature.plan.ModuleKind;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Decides which modules read one pair together. */
final class PairGroups {
    /** DJL's blocks that look words up in a table of their own. */
    private static final Set<String> WORD_TABLES =
            Set.of("IdEmbedding", "TrainableWordEmbedding", "TrainableTextEmbedding");

    private final LoraConfig config;
    private final Map<ModelLayout.Module, TargetMatcher.Outcome> outcomes = new LinkedHashMap<>();
    private final TieGroups ties;
    private final NameVocabulary vocabulary;
    private final Problems problems = new Problems();

    PairGroups(
            LoraConfig config,
            ModelLayout layout,
            TieGroups ties,
            TargetMatcher matcher,
            NameVocabulary vocabulary) {
        this.config = config;
        layout.modules().forEach(module -> outcomes.put(module, matcher.outcome(module)));
        this.ties = ties;
        this.vocabulary = vocabulary;
    }

    /** Returns the modules that are targeted, but that there is a whole copy of. */
    List<ModelLayout.Module> saved() {
        return with(TargetMatcher.Outcome.SAVED);
    }

    /** Returns the readers of each pair, each list and all of them in the model's order. */
    Problems.Resolved<List<List<ModelLayout.Module>>> resolve() {
        if (config.targetModules() instanceof ModuleSelection.AllLinear
                && outcomes.keySet().stream().noneMatch(m -> m.role() == Role.OUTPUT_HEAD)) {
            problems.add(PlanMessage.NO_OUTPUT_HEAD, vocabulary.shown());
            return problems.with(List.of());
        }
        Set<List<ModelLayout.Module>> groups = new LinkedHashSet<>();
        for (Map.Entry<ModelLayout.Module, TargetMatcher.Outcome> entry : outcomes.entrySet()) {
            if (entry.getValue() == TargetMatcher.Outcome.TARGETED) {
                List<ModelLayout.Module> alone = List.of(entry.getKey());
                groups.add(config.ensureWeightTying() ? ties.readersWith(entry.getKey()) : alone);
            }
        }
        return problems.with(inModelOrder(groups).stream().filter(this::isSupported).toList());
    }

    /** Returns the groups by their first readers, of which another may have been targeted. */
    private List<List<ModelLayout.Module>> inModelOrder(Set<List<ModelLayout.Module>> groups) {
        Map<ModelLayout.Module, List<ModelLayout.Module>> byFirst = new LinkedHashMap<>();
        groups.forEach(group -> byFirst.put(group.get(0), group));
        return outcomes.keySet().stream()
                .filter(byFirst::containsKey)
                .map(first -> byFirst.getOrDefault(first, List.of()))
                .toList();
    }

    private List<ModelLayout.Module> with(TargetMatcher.Outcome outcome) {
        return outcomes.entrySet().stream()
                .filter(entry -> entry.getValue() == outcome)
                .map(Map.Entry::getKey)
                .toList();
    }

    private boolean isSupported(List<ModelLayout.Module> readers) {
        boolean supported = true;
        for (ModelLayout.Module reader : readers) {
            TargetMatcher.Outcome outcome = outcomes.get(reader);
            if (outcome == TargetMatcher.Outcome.TARGETED) {
                supported &= isAdaptable(reader);
            } else if (outcome == TargetMatcher.Outcome.EXCLUDED) {
                problems.add(PlanMessage.TIE_EXCLUDED, Problems.names(readers), reader.name());
                supported = false;
            } else if (reader.kind() == ModuleKind.OTHER) {
                problems.add(
                        PlanMessage.TIE_UNSUPPORTED,
                        Problems.names(readers),
                        reader.name(),
                        reader.type(),
                        remedy(reader));
                supported = false;
            }
        }
        return supported;
    }

    private boolean isAdaptable(ModelLayout.Module module) {
        if (module.kind() == ModuleKind.OTHER) {
            problems.addOnce(
                    module.type(),
                    PlanMessage.MODULE_UNSUPPORTED,
                    module.name(),
                    module.type(),
                    remedy(module));
            return false;
        }
        boolean convolution = module.kind() == ModuleKind.CONVOLUTION;
        int dimensions = module.shape().dimension();
        if (convolution ? dimensions < 3 || dimensions > 4 : dimensions != 2) {
            problems.addOnce(
                    module.shape(),
                    PlanMessage.WEIGHT_SHAPE,
                    module.name(),
                    module.shape(),
                    convolution ? "(out, in, width) or (out, in, height, width)" : "(out, in)");
            return false;
        }
        return true;
    }

    private static String remedy(ModelLayout.Module module) {
        return WORD_TABLES.contains(module.type())
                ? "Use dev.ligature.block.TokenEmbedding in its place: it may be called from any"
                        + " number of threads, unlike DJL's."
                : "Linear, TiedLinear, TokenEmbedding, TiedEmbedding, Conv1d and Conv2d blocks can"
                        + " be: correct target_modules, or exclude the module.";
    }

    /** Returns a problem if modules are targeted and none is left to adapt. */
    Problems nothingTargeted() {
        Problems found = new Problems();
        boolean parametersAlone =
                config.targetModules() instanceof ModuleSelection.Names names
                        && names.names().isEmpty();
        if (!parametersAlone && with(TargetMatcher.Outcome.TARGETED).isEmpty()) {
            found.add(
                    PlanMessage.NOTHING_TARGETED,
                    config.targetModules().shown(),
                    outcomes.size(),
                    why(),
                    vocabulary.shown());
        }
        return found;
    }

    private String why() {
        List<ModelLayout.Module> otherLayer = with(TargetMatcher.Outcome.OTHER_LAYER);
        List<ModelLayout.Module> excluded = with(TargetMatcher.Outcome.EXCLUDED);
        if (!otherLayer.isEmpty()) {
            return " It fits "
                    + otherLayer.size()
                    + ", none of them in layers_to_transform "
                    + config.layersToTransform()
                    + ".";
        }
        if (!saved().isEmpty()) {
            return " modules_to_save has " + Problems.names(saved()) + " as a whole.";
        }
        return excluded.isEmpty()
                ? ""
                : " exclude_modules takes out " + Problems.names(excluded) + ".";
    }
}
