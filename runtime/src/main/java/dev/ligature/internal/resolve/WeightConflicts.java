package dev.ligature.internal.resolve;

import dev.ligature.config.LoraConfig;
import dev.ligature.plan.LoraPlan;
import dev.ligature.plan.ModelLayout.Module;
import dev.ligature.plan.ModelLayout.Parameter;
import dev.ligature.plan.ModuleKind;
import dev.ligature.plan.PairPlan;
import dev.ligature.plan.ReplacementPlan;
import dev.ligature.plan.TokenRowsPlan;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What each module's weight gets: a factor pair, a copy or rows of its own. Finds weights that
 * would get two of these, and tied weights whose readers would no longer agree.
 */
final class WeightConflicts {
    private enum Claim {
        PAIR("target_modules gives %s a factor pair", "a pair"),
        COPY("modules_to_save gives %s a copy of it", "a copy"),
        ROWS("trainable_token_indices gives %s rows", "token rows");

        final String claims;
        final String what;

        Claim(String claims, String what) {
            this.claims = claims;
            this.what = what;
        }
    }

    private final Request request;
    private final LoraConfig config;
    private final Problems problems;

    /** The plans by the modules whose weight they are for. */
    private final Map<Claim, Map<String, Object>> plans = new EnumMap<>(Claim.class);

    WeightConflicts(Request request, LoraPlan plan, Problems problems) {
        this.request = request;
        this.problems = problems;
        config = request.config();
        for (PairPlan pair : plan.pairs()) {
            pair.readers().forEach(r -> add(Claim.PAIR, r.slot(), r.parameter(), pair));
        }
        for (ReplacementPlan copy : plan.replacements()) {
            copy.readers().forEach(r -> add(Claim.COPY, r.module(), r.parameter(), copy));
        }
        for (TokenRowsPlan rows : plan.tokenRows()) {
            rows.readers().forEach(r -> add(Claim.ROWS, r.module(), Parameter.WEIGHT, rows));
        }
    }

    private void add(Claim claim, String module, String parameter, Object plan) {
        if (parameter.equals(Parameter.WEIGHT)) {
            plans.computeIfAbsent(claim, c -> new HashMap<>()).put(module, plan);
        }
    }

    private @Nullable Object plan(Claim claim, Module module) {
        return plans.getOrDefault(claim, Map.of()).get(module.name());
    }

    /** Returns those of some readers that a field gives something. */
    private List<Module> with(Claim claim, List<Module> readers) {
        return readers.stream().filter(reader -> plan(claim, reader) != null).toList();
    }

    /**
     * Adds the problems.
     *
     * @param saved modules that target_modules matches, too, but whose copy takes precedence
     */
    void find(List<Module> saved) {
        for (Module module : request.modules()) {
            List<Module> readers = request.ties().readersWith(module);
            if (readers.get(0).equals(module)) {
                conflict(readers, saved);
            }
        }
        ties();
    }

    private void conflict(List<Module> readers, List<Module> saved) {
        Map<Claim, List<Module>> claims = new LinkedHashMap<>();
        for (Claim claim : Claim.values()) {
            claims.put(claim, with(claim, readers));
        }
        claims.computeIfPresent(
                Claim.PAIR, (c, of) -> of.stream().filter(r -> !isReported(r)).toList());
        claims.values().removeIf(List::isEmpty);
        boolean apart = // a pair here and a copy there
                !config.ensureWeightTying() && !claims.containsKey(Claim.ROWS);
        if (claims.size() > 1 && !apart) {
            claimedTwice(PlanMessage.CLAIMED_TWICE, readers, claims);
            return;
        }
        List<Module> both = readers.stream().filter(saved::contains).toList();
        if (config.ensureWeightTying() && readers.size() > 1 && !both.isEmpty()) {
            claims.putIfAbsent(Claim.PAIR, both);
            if (claims.size() > 1) {
                claimedTwice(PlanMessage.SAVED_AND_TARGETED, readers, claims);
            }
        }
    }

    /** Returns whether {@link ParameterTargets} reports what else the weight of a module gets. */
    private boolean isReported(Module module) {
        return plan(Claim.PAIR, module) instanceof PairPlan pair
                && pair.readers().get(0).kind() == ModuleKind.PARAMETER
                && (plan(Claim.COPY, module) != null || plan(Claim.ROWS, module) != null);
    }

    private void claimedTwice(
            PlanMessage message, List<Module> readers, Map<Claim, List<Module>> claims) {
        boolean tied = readers.size() > 1;
        String names = Problems.names(readers);
        problems.addOnce(
                tied ? readers : claims.keySet(),
                message,
                tied
                        ? "Modules " + names + " read one weight: "
                        : "Of the weight of module " + names + ", ",
                claims.entrySet().stream()
                        .map(c -> c.getKey().claims.formatted(Problems.names(c.getValue())))
                        .collect(Collectors.joining(", and ")),
                tied ? ", or untie the base first." : ".");
    }

    /** Adds warnings about the ties. */
    private void ties() {
        List<List<Module>> ties = request.ties().all();
        List<List<Module>> touched =
                ties.stream()
                        .filter(readers -> readers.stream().anyMatch(r -> effect(r) != null))
                        .toList();
        if (config.ensureWeightTying() && ties.isEmpty()) {
            problems.add(PlanMessage.NO_TIE);
        } else if (config.ensureWeightTying() && touched.isEmpty()) {
            problems.add(
                    PlanMessage.TIE_UNTOUCHED,
                    ties.stream().map(Problems::names).collect(Collectors.joining("; ")));
        }
        for (List<Module> readers : touched) {
            Object first = effect(readers.get(0));
            if (!readers.stream().allMatch(reader -> Objects.equals(effect(reader), first))) {
                problems.add(
                        PlanMessage.TIED_WEIGHT_SPLIT, Problems.names(readers), split(readers));
            }
        }
    }

    private @Nullable Object effect(Module module) {
        return Stream.of(Claim.values())
                .map(claim -> plan(claim, module))
                .filter(Objects::nonNull)
                .findFirst()
                .orElse(null);
    }

    private String split(List<Module> readers) {
        List<String> parts = new ArrayList<>();
        for (Claim claim : Claim.values()) {
            List<Module> with = with(claim, readers);
            if (with.size() > 1) {
                parts.add(
                        "each of %s gets %s of its own"
                                .formatted(Problems.names(with), claim.what));
            } else if (!with.isEmpty()) {
                parts.add("only " + Problems.names(with) + " gets " + claim.what);
            }
        }
        return String.join(", ", parts);
    }
}
