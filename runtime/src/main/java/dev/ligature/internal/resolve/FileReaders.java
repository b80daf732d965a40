package dev.ligature.internal.resolve;

import dev.ligature.config.LoraConfig;
import dev.ligature.plan.LoraPlan;
import dev.ligature.plan.ModelLayout;
import dev.ligature.plan.ModelLayout.Module;
import dev.ligature.plan.PairPlan;
import dev.ligature.plan.ReplacementPlan;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/** Which readers of tied weights an adapter's file has tensors of; it need not have all. */
public final class FileReaders {
    private final Set<String> tensors;

    /**
     * @param tensors the names of the tensors in the file, without PEFT's prefix
     */
    FileReaders(Set<String> tensors) {
        this.tensors = tensors;
    }

    /**
     * Returns a configuration that ties nothing: of the readers of a tied weight, it adapts those
     * that the file has factors of, each with a pair of its own.
     *
     * @param tensors the names of the tensors in the file, without PEFT's prefix
     */
    public static LoraConfig untied(LoraConfig config, ModelLayout layout, Set<String> tensors) {
        FileReaders file = new FileReaders(tensors);
        Request request = new Request(config, layout);
        Set<String> targeted = new LinkedHashSet<>();
        Set<String> adapted = new LinkedHashSet<>();
        for (Module module : request.modules()) {
            List<Module> readers = request.ties().readersWith(module);
            boolean target = isTarget(request, module);
            if (target) {
                targeted.add(module.name());
            }
            boolean tied = readers.size() > 1;
            boolean asked = config.ensureWeightTying() ? anyTarget(request, readers) : target;
            if (tied ? asked && file.hasFactors(module.name()) : target) {
                adapted.add(module.name());
            }
        }
        LoraConfig.Builder untied = config.toBuilder().optEnsureWeightTying(false);
        if (!adapted.equals(targeted) && !adapted.isEmpty()) {
            untied.setTargetModules(adapted);
        }
        return untied.build();
    }

    private static boolean isTarget(Request request, Module module) {
        return request.matcher().outcome(module) == TargetMatcher.Outcome.TARGETED;
    }

    private static boolean anyTarget(Request request, List<Module> readers) {
        return readers.stream().anyMatch(reader -> isTarget(request, reader));
    }

    private boolean hasFactors(String module) {
        String start = module + ".lora_";
        return tensors.stream().anyMatch(name -> name.startsWith(start));
    }

    /** Adds a warning for each pair and each copy of which the file names some readers only. */
    void filled(LoraPlan plan, Problems problems) {
        for (PairPlan pair : plan.pairs()) {
            filled(
                    pair.readers().stream().map(PairPlan.Reader::module).toList(),
                    this::hasFactors,
                    "factors",
                    problems);
        }
        for (ReplacementPlan copy : plan.replacements()) {
            if (copy.reason() == ReplacementPlan.Reason.SAVED_MODULE) {
                filled(
                        copy.readers().stream().map(ReplacementPlan.Reader::name).toList(),
                        tensors::contains,
                        "values",
                        problems);
            }
        }
    }

    private static void filled(
            List<String> readers, Predicate<String> isThere, String what, Problems problems) {
        List<String> there = readers.stream().filter(isThere).toList();
        List<String> filled = new ArrayList<>(readers);
        filled.removeAll(there);
        if (!there.isEmpty() && !filled.isEmpty()) {
            problems.add(
                    PlanMessage.TIE_FILLED,
                    Problems.list(readers),
                    what,
                    Problems.list(there),
                    Problems.list(filled));
        }
    }
}
