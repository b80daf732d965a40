package dev.ligature.internal.resolve;

import dev.ligature.annotation.Role;
import dev.ligature.config.LoraConfig;
import dev.ligature.config.ModuleSelection;
import dev.ligature.internal.resolve.TargetMatcher.Outcome;
import dev.ligature.plan.ModelLayout.Module;
import dev.ligature.plan.ModuleKind;
import dev.ligature.plan.PairPlan;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Decides which modules read one pair together. */
final class PairGroups {
    /** DJL's blocks that look words up in a table of their own. */
    private static final Set<String> WORD_TABLES =
            Set.of("IdEmbedding", "TrainableWordEmbedding", "TrainableTextEmbedding");

    private final Request request;
    private final LoraConfig config;
    private final Map<Module, Outcome> outcomes = new LinkedHashMap<>();

    PairGroups(Request request) {
        this.request = request;
        config = request.config();
        request.modules().forEach(m -> outcomes.put(m, request.matcher().outcome(m)));
    }

    /** Returns the modules that are targeted, but that there is a whole copy of. */
    List<Module> saved() {
        return with(Outcome.SAVED);
    }

    /** Returns the readers of each pair, each list and all of them in the model's order. */
    List<List<Module>> resolve(Problems problems) {
        if (config.targetModules() instanceof ModuleSelection.AllLinear
                && outcomes.keySet().stream().noneMatch(m -> m.role() == Role.OUTPUT_HEAD)) {
            problems.add(PlanMessage.NO_OUTPUT_HEAD, request.vocabulary().shown());
        }
        // In the order of the first readers, even where only another was targeted.
        Set<List<Module>> groups =
                with(Outcome.TARGETED).stream().map(this::group).collect(Collectors.toSet());
        return outcomes.keySet().stream()
                .map(this::group)
                .distinct()
                .filter(groups::contains)
                .filter(group -> isSupported(group, problems))
                .toList();
    }

    private List<Module> group(Module module) {
        return config.ensureWeightTying() ? request.ties().readersWith(module) : List.of(module);
    }

    /** Returns the pair of a group; empty if the patterns contradict each other. */
    Optional<PairPlan> pair(List<Module> group, PairResolver resolver) {
        Module first = group.get(0);
        Map<PairPlan.Reader, List<String>> readers = new LinkedHashMap<>();
        group.forEach(m -> readers.put(new PairPlan.Reader(m.name(), m.kind()), m.names()));
        return resolver.pair(
                Request.weightOf(first),
                readers,
                first.kind() == ModuleKind.CONVOLUTION
                        ? PairPlan.Geometry.ofConvolution(first.shape(), first.groups())
                        : PairPlan.Geometry.ofMatrix(first.shape(), first.transposed()),
                config.loraDropout(),
                new PairPlan.Variant(config.init(), config.useDora(), config.loraBias()),
                first.trainedType());
    }

    private List<Module> with(Outcome outcome) {
        return outcomes.keySet().stream().filter(m -> outcomes.get(m) == outcome).toList();
    }

    private boolean isSupported(List<Module> readers, Problems problems) {
        boolean supported = true;
        for (Module reader : readers) {
            Outcome outcome = outcomes.get(reader);
            if (outcome == Outcome.TARGETED) {
                supported &= isAdaptable(reader, problems);
            } else if (outcome == Outcome.EXCLUDED) {
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
        List<Module> transposed = readers.stream().filter(Module::transposed).toList();
        if (!transposed.isEmpty() && transposed.size() < readers.size()) {
            problems.add(
                    PlanMessage.TIE_TRANSPOSED,
                    Problems.names(readers),
                    Problems.names(transposed));
            supported = false;
        }
        return supported;
    }

    private static boolean isAdaptable(Module module, Problems problems) {
        String type = module.type();
        if (module.kind() == ModuleKind.OTHER) {
            problems.addOnce(
                    type, PlanMessage.MODULE_UNSUPPORTED, module.name(), type, remedy(module));
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

    private static String remedy(Module module) {
        List<String> matrices = ParameterTargets.matricesIn(module);
        if (!matrices.isEmpty() && !WORD_TABLES.contains(module.type())) {
            return "Adapt its matrices by target_parameters (optTargetParameters): "
                    + Problems.list(matrices)
                    + ".";
        }
        return WORD_TABLES.contains(module.type())
                ? "Use dev.ligature.block.TokenEmbedding in its place: it may be called from any"
                        + " number of threads, unlike DJL's."
                : "Linear, TiedLinear, TokenEmbedding, TiedEmbedding, Conv1d and Conv2d blocks can"
                        + " be, and blocks that implement AdaptableBlock: correct target_modules, or"
                        + " exclude the module.";
    }

    /** Adds a problem if modules are targeted and none is left to adapt. */
    void nothingTargeted(Problems problems) {
        boolean parametersAlone = config.targetModules().isEmpty();
        if (!parametersAlone && with(Outcome.TARGETED).isEmpty()) {
            problems.add(
                    PlanMessage.NOTHING_TARGETED,
                    config.targetModules().shown(),
                    outcomes.size(),
                    why(),
                    request.vocabulary().shown());
        }
    }

    private String why() {
        int otherLayer = with(Outcome.OTHER_LAYER).size();
        List<Module> excluded = with(Outcome.EXCLUDED);
        StringBuilder why = new StringBuilder();
        if (otherLayer > 0) {
            why.append(" It fits %s, none of them in ".formatted(otherLayer))
                    .append("layers_to_transform %s".formatted(config.layersToTransform()));
            if (!config.layersPattern().isEmpty()) {
                why.append(" by layers_pattern ").append(config.layersPattern());
            }
            why.append('.');
        }
        if (!saved().isEmpty()) {
            why.append(" modules_to_save has ")
                    .append(Problems.names(saved()))
                    .append(" as a whole.");
        }
        if (!excluded.isEmpty()) {
            why.append(" exclude_modules takes out ").append(Problems.names(excluded)).append('.');
        }
        return why.toString();
    }
}
