package dev.ligature.internal.resolve;

import dev.ligature.LoraException;
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
public final class PairGroups {
    /** DJL's blocks that look words up in a table of their own. */
    private static final Set<String> WORD_TABLES =
            Set.of("IdEmbedding", "TrainableWordEmbedding", "TrainableTextEmbedding");

    private final LoraConfig config;
    private final Map<ModelLayout.Module, TargetMatcher.Outcome> outcomes = new LinkedHashMap<>();
    private final TieGroups ties;
    private final NameVocabulary vocabulary;

    public PairGroups(
            LoraConfig config, ModelLayout layout, TieGroups ties, TargetMatcher matcher) {
        this.config = config;
        layout.modules().forEach(module -> outcomes.put(module, matcher.outcome(module)));
        this.ties = ties;
        vocabulary = new NameVocabulary(layout);
    }

    /** Returns the modules that are targeted, but that there is a whole copy of. */
    public List<ModelLayout.Module> saved() {
        return with(TargetMatcher.Outcome.SAVED);
    }

    /** Returns the readers of each pair, each list and all of them in the model's order. */
    public List<List<ModelLayout.Module>> resolve() {
        List<ModelLayout.Module> targeted = with(TargetMatcher.Outcome.TARGETED);
        if (targeted.isEmpty() && config.targetModules() instanceof ModuleSelection.Names names) {
            if (names.names().isEmpty()) {
                return List.of(); // parameters alone
            }
        }
        if (targeted.isEmpty()) {
            throw nothingMatched();
        }
        targeted.forEach(PairGroups::requireSupported);
        if (!config.ensureWeightTying()) {
            return targeted.stream().map(List::of).toList();
        }
        Set<List<ModelLayout.Module>> groups = new LinkedHashSet<>();
        for (ModelLayout.Module module : outcomes.keySet()) {
            List<ModelLayout.Module> readers = ties.readersWith(module);
            if (readers.stream().anyMatch(targeted::contains)) {
                requireWhole(readers);
                groups.add(readers);
            }
        }
        return List.copyOf(groups);
    }

    private List<ModelLayout.Module> with(TargetMatcher.Outcome outcome) {
        return outcomes.entrySet().stream()
                .filter(entry -> entry.getValue() == outcome)
                .map(Map.Entry::getKey)
                .toList();
    }

    private static void requireSupported(ModelLayout.Module module) {
        if (module.kind() == ModuleKind.OTHER) {
            throw new LoraException(
                    "LoraModuleUnsupported",
                    "Module "
                            + module.name()
                            + " is targeted, but it is a "
                            + module.type()
                            + ", which LoRA cannot adapt. "
                            + remedy(module));
        }
        boolean convolution = module.kind() == ModuleKind.CONVOLUTION;
        int dimensions = module.shape().dimension();
        if (convolution ? dimensions < 3 || dimensions > 4 : dimensions != 2) {
            throw new LoraException(
                    "LoraWeightShape",
                    "The weight of module "
                            + module.name()
                            + " has the shape "
                            + module.shape()
                            + ", not "
                            + (convolution
                                    ? "(out, in, width) or (out, in, height, width)"
                                    : "(out, in)")
                            + ". Initialise the model before it is adapted, or"
                            + " exclude the module.");
        }
    }

    private static String remedy(ModelLayout.Module module) {
        return WORD_TABLES.contains(module.type())
                ? "Use dev.ligature.block.TokenEmbedding in its place: it may be called from any"
                        + " number of threads, unlike DJL's."
                : "Linear, TiedLinear, TokenEmbedding, TiedEmbedding, Conv1d and Conv2d blocks can"
                        + " be: correct target_modules, or exclude the module.";
    }

    private void requireWhole(List<ModelLayout.Module> readers) {
        if (readers.size() < 2) {
            return;
        }
        for (ModelLayout.Module reader : readers) {
            if (outcomes.get(reader) == TargetMatcher.Outcome.EXCLUDED) {
                throw new LoraException(
                        "LoraTieExcluded",
                        "Modules "
                                + names(readers)
                                + " read one weight and ensure_weight_tying is on, but"
                                + " exclude_modules takes out "
                                + reader.name()
                                + " alone. Exclude all of them or none, or set"
                                + " ensure_weight_tying to false.");
            }
            if (reader.kind() == ModuleKind.OTHER) {
                throw new LoraException(
                        "LoraTieUnsupported",
                        "Modules "
                                + names(readers)
                                + " read one weight and ensure_weight_tying is on, but "
                                + reader.name()
                                + " is a "
                                + reader.type()
                                + ", which LoRA cannot adapt. "
                                + remedy(reader)
                                + " Or set ensure_weight_tying to false.");
            }
        }
    }

    private LoraException nothingMatched() {
        List<ModelLayout.Module> otherLayer = with(TargetMatcher.Outcome.OTHER_LAYER);
        List<ModelLayout.Module> excluded = with(TargetMatcher.Outcome.EXCLUDED);
        List<ModelLayout.Module> saved = saved();
        String why = "";
        if (!otherLayer.isEmpty()) {
            why =
                    " It fits "
                            + otherLayer.size()
                            + ", none of them in layers_to_transform "
                            + config.layersToTransform()
                            + ".";
        } else if (!saved.isEmpty()) {
            why = " modules_to_save has " + names(saved) + " as a whole.";
        } else if (!excluded.isEmpty()) {
            why = " exclude_modules takes out " + names(excluded) + ".";
        }
        return new LoraException(
                "LoraNothingTargeted",
                "target_modules "
                        + shown(config.targetModules())
                        + " leaves none of the model's "
                        + outcomes.size()
                        + " modules to adapt."
                        + why
                        + " Correct it; the model has "
                        + vocabulary.shown()
                        + ".");
    }

    private static String shown(ModuleSelection selection) {
        if (selection instanceof ModuleSelection.Names names) {
            return names.names().toString();
        }
        return selection instanceof ModuleSelection.Regex regex
                ? "'" + regex.expression() + "'"
                : ModuleSelection.AllLinear.WORD;
    }

    static String names(List<ModelLayout.Module> modules) {
        return NameVocabulary.shown(modules.stream().map(ModelLayout.Module::name).toList());
    }

    /** Throws if all-linear is asked for and the head, which it leaves out, is not known. */
    public static void requireHead(LoraConfig config, ModelLayout layout) {
        boolean known =
                layout.modules().stream().anyMatch(module -> module.role() == Role.OUTPUT_HEAD);
        if (config.targetModules() instanceof ModuleSelection.AllLinear && !known) {
            throw new LoraException(
                    "LoraNoOutputHead",
                    "target_modules is all-linear, which leaves the output head out, but no module"
                            + " of the model is marked as one. Mark the field with"
                            + " @LoraTarget(role = OUTPUT_HEAD), or list the modules: "
                            + new NameVocabulary(layout).shown()
                            + ".");
        }
    }
}
