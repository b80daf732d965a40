package dev.ligature.internal.resolve;

import ai.djl.ndarray.types.DataType;
import dev.ligature.LoraException;
import dev.ligature.config.LoraConfig;
import dev.ligature.plan.ModelLayout;
import dev.ligature.plan.PlanWarning;
import dev.ligature.plan.ReplacementPlan;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Decides which modules an adapter has whole copies of, PEFT's {@code modules_to_save}, and which
 * of them share a copy.
 *
 * <p>An entry means the modules whose name is it or ends with a dot and it, and what is in them.
 * PEFT also takes {@code norm} for {@code input_layernorm}, because it asks for the end of the name
 * alone; such modules are meant here only where a file has tensors of them.
 */
public final class ModulesToSave {
    private final LoraConfig config;
    private final Set<ModelLayout.Module> named = new LinkedHashSet<>();
    private final Set<ModelLayout.Module> saved = new LinkedHashSet<>();
    private final Set<String> effective = new LinkedHashSet<>();
    private final Set<String> ineffective = new LinkedHashSet<>();
    private final List<PlanWarning> warnings = new ArrayList<>();

    /**
     * Decides.
     *
     * @param config what is asked
     * @param layout the modules of the model
     * @param ties its ties
     * @param tensors the names of the tensors in the adapter's file, without PEFT's prefix; empty
     *     for an adapter that is created
     */
    public ModulesToSave(
            LoraConfig config, ModelLayout layout, TieGroups ties, Set<String> tensors) {
        this.config = config;
        SavedNames names = new SavedNames(config.modulesToSave());
        Map<String, List<ModelLayout.Module>> loose = new LinkedHashMap<>();
        for (ModelLayout.Module module : layout.modules()) {
            Set<String> fitting = names.entriesFor(module);
            if (fitting.isEmpty() && isIn(tensors, module)) {
                fitting = names.entriesOfPeftFor(module);
                fitting.forEach(e -> loose.computeIfAbsent(e, x -> new ArrayList<>()).add(module));
            }
            if (!fitting.isEmpty()) {
                named.add(module);
                (module.parameters().isEmpty() ? ineffective : effective).addAll(fitting);
            }
        }
        ineffective.removeAll(effective);
        loose.forEach((entry, modules) -> warnings.add(looseSuffix(entry, modules)));
        for (ModelLayout.Module module : layout.modules()) {
            if (named.contains(module)
                    || (config.ensureWeightTying()
                            && ties.readersWith(module).stream().anyMatch(named::contains))) {
                saved.add(module);
            }
        }
        saved.forEach(ModulesToSave::requireNames);
    }

    /** Returns the modules that there are copies of, those that are tied to a named one too. */
    public Set<ModelLayout.Module> modules() {
        return saved;
    }

    /** Returns what is doubtful. */
    public List<PlanWarning> warnings() {
        return warnings;
    }

    /** Returns the copies, in the model's order; tied modules share those of what they share. */
    public List<ReplacementPlan> resolve() {
        Map<Object, List<ReplacementPlan.Reader>> readers = new LinkedHashMap<>();
        Map<Object, ModelLayout.Parameter> parameters = new LinkedHashMap<>();
        for (ModelLayout.Module module : saved) {
            for (ModelLayout.Parameter parameter : module.parameters()) {
                ReplacementPlan.Reader reader =
                        new ReplacementPlan.Reader(module.name(), parameter.name());
                Object copy = config.ensureWeightTying() ? parameter.id() : reader;
                parameters.putIfAbsent(copy, parameter);
                readers.computeIfAbsent(copy, c -> new ArrayList<>()).add(reader);
            }
        }
        List<ReplacementPlan> plans = new ArrayList<>();
        readers.forEach(
                (copy, of) -> {
                    ModelLayout.Parameter parameter = parameters.get(copy);
                    if (parameter != null) {
                        plans.add(plan(of, parameter, ReplacementPlan.Reason.SAVED_MODULE));
                    }
                });
        return plans;
    }

    static ReplacementPlan plan(
            List<ReplacementPlan.Reader> readers,
            ModelLayout.Parameter parameter,
            ReplacementPlan.Reason reason) {
        return new ReplacementPlan(
                readers, parameter.shape(), factorType(parameter.dataType()), reason);
    }

    /** Returns the data type of what is trained for a weight of this one. */
    static DataType factorType(DataType base) {
        return base == DataType.FLOAT64 ? DataType.FLOAT64 : DataType.FLOAT32;
    }

    /** Returns the entries that mean modules without parameters alone. */
    Set<String> ineffective() {
        return ineffective;
    }

    /** Returns the entries that mean no module. */
    List<String> unmatched() {
        return config.modulesToSave().stream()
                .filter(entry -> !effective.contains(entry) && !ineffective.contains(entry))
                .toList();
    }

    private static boolean isIn(Set<String> tensors, ModelLayout.Module module) {
        return module.parameters().stream()
                .anyMatch(p -> tensors.contains(module.name() + "." + p.name()));
    }

    private static PlanWarning looseSuffix(String entry, List<ModelLayout.Module> modules) {
        return new PlanWarning(
                "LoraLooseSuffix",
                "modules_to_save has '"
                        + entry
                        + "', by which PEFT also means "
                        + PairGroups.names(modules)
                        + ", because a name ends with it. The file has their weights, so they are"
                        + " replaced. Where an adapter is created, an entry fits from a dot on:"
                        + " name them in full.");
    }

    private static void requireNames(ModelLayout.Module module) {
        for (ModelLayout.Parameter parameter : module.parameters()) {
            if (parameter.name().isEmpty()) {
                throw new LoraException(
                        "LoraModuleNotSaved",
                        "Module "
                                + module.name()
                                + ", a "
                                + module.type()
                                + ", is in modules_to_save, but its parameter "
                                + parameter.id()
                                + " has no name in files of its own. Take it out, or build it of"
                                + " blocks that have one weight and one bias at most.");
            }
        }
    }
}
