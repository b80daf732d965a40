package dev.ligature.internal.resolve;

import dev.ligature.config.LoraConfig;
import dev.ligature.plan.LoraPlan;
import dev.ligature.plan.ModelLayout;
import dev.ligature.plan.ModuleKind;
import dev.ligature.plan.PairPlan;
import dev.ligature.plan.ReplacementPlan;
import dev.ligature.plan.TokenRowsPlan;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What each module's weight gets: a factor pair, a copy or rows of its own. Finds weights that
 * would get two of these, and tied weights whose readers would no longer agree.
 */
final class WeightConflicts {
    private static final String PAIR = "target_modules gives %s a factor pair";
    private static final String COPY = "modules_to_save gives %s a copy of it";
    private static final String ROWS = "trainable_token_indices gives %s rows";

    private final LoraConfig config;
    private final ModelLayout layout;
    private final TieGroups ties;
    private final Map<String, PairPlan> pairs = new LinkedHashMap<>();
    private final Map<String, ReplacementPlan> copies = new LinkedHashMap<>();
    private final Map<String, TokenRowsPlan> rows = new LinkedHashMap<>();
    private final Problems problems = new Problems();

    WeightConflicts(ModelLayout layout, TieGroups ties, LoraPlan plan) {
        this.config = plan.config();
        this.layout = layout;
        this.ties = ties;
        for (PairPlan pair : plan.pairs()) {
            for (PairPlan.Reader reader : pair.readers()) {
                if (reader.parameter().equals(ModelLayout.Parameter.WEIGHT)) {
                    pairs.put(reader.slot(), pair);
                }
            }
        }
        plan.tokenRows().forEach(of -> of.readers().forEach(r -> rows.put(r.module(), of)));
        for (ReplacementPlan copy : plan.replacements()) {
            for (ReplacementPlan.Reader reader : copy.readers()) {
                if (reader.parameter().equals(ModelLayout.Parameter.WEIGHT)) {
                    copies.put(reader.module(), copy);
                }
            }
        }
    }

    /**
     * Returns the problems.
     *
     * @param saved modules that target_modules matches, too, but whose copy takes precedence
     */
    Problems find(List<ModelLayout.Module> saved) {
        for (ModelLayout.Module module : layout.modules()) {
            List<ModelLayout.Module> readers = ties.readersWith(module);
            if (readers.get(0).equals(module)) {
                conflict(readers, saved);
            }
        }
        ties();
        return problems;
    }

    private void conflict(List<ModelLayout.Module> readers, List<ModelLayout.Module> saved) {
        Map<String, List<ModelLayout.Module>> claims = new LinkedHashMap<>();
        claim(claims, PAIR, readers.stream().filter(r -> !isReported(r)).toList(), pairs);
        claim(claims, COPY, readers, copies);
        claim(claims, ROWS, readers, rows);
        boolean apart = // a pair here and a copy there
                !config.ensureWeightTying() && !claims.containsKey(ROWS);
        if (claims.size() > 1 && !apart) {
            claimedTwice(PlanMessage.CLAIMED_TWICE, readers, claims);
            return;
        }
        List<ModelLayout.Module> both = readers.stream().filter(saved::contains).toList();
        if (config.ensureWeightTying() && readers.size() > 1 && !both.isEmpty()) {
            claims.putIfAbsent(PAIR, both);
            if (claims.size() > 1) {
                claimedTwice(PlanMessage.SAVED_AND_TARGETED, readers, claims);
            }
        }
    }

    /** Returns whether {@link ParameterTargets} reports what else the weight of a module gets. */
    private boolean isReported(ModelLayout.Module module) {
        PairPlan pair = pairs.get(module.name());
        return pair != null
                && pair.readers().get(0).kind() == ModuleKind.PARAMETER
                && (copies.containsKey(module.name()) || rows.containsKey(module.name()));
    }

    private static void claim(
            Map<String, List<ModelLayout.Module>> claims,
            String claim,
            List<ModelLayout.Module> readers,
            Map<String, ?> by) {
        List<ModelLayout.Module> claimed = with(readers, by);
        if (!claimed.isEmpty()) {
            claims.put(claim, claimed);
        }
    }

    private static List<ModelLayout.Module> with(
            List<ModelLayout.Module> readers, Map<String, ?> by) {
        return readers.stream().filter(reader -> by.containsKey(reader.name())).toList();
    }

    private void claimedTwice(
            PlanMessage message,
            List<ModelLayout.Module> readers,
            Map<String, List<ModelLayout.Module>> claims) {
        boolean tied = readers.size() > 1;
        String names = Problems.names(readers);
        problems.addOnce(
                tied ? readers : claims.keySet(),
                message,
                tied
                        ? "Modules " + names + " read one weight: "
                        : "Of the weight of module " + names + ", ",
                claims.entrySet().stream()
                        .map(claim -> claim.getKey().formatted(Problems.names(claim.getValue())))
                        .collect(Collectors.joining(", and ")),
                tied ? ", or untie the base first." : ".");
    }

    /** Adds warnings about the ties. */
    private void ties() {
        List<List<ModelLayout.Module>> touched =
                ties.all().stream()
                        .filter(readers -> readers.stream().anyMatch(r -> effect(r) != null))
                        .toList();
        if (config.ensureWeightTying() && ties.all().isEmpty()) {
            problems.add(PlanMessage.NO_TIE);
        } else if (config.ensureWeightTying() && touched.isEmpty()) {
            problems.add(
                    PlanMessage.TIE_UNTOUCHED,
                    ties.all().stream().map(Problems::names).collect(Collectors.joining("; ")));
        }
        for (List<ModelLayout.Module> readers : touched) {
            Object first = effect(readers.get(0));
            if (!readers.stream().allMatch(reader -> Objects.equals(effect(reader), first))) {
                split(readers);
            }
        }
    }

    private @Nullable Object effect(ModelLayout.Module module) {
        if (pairs.containsKey(module.name())) {
            return pairs.get(module.name());
        }
        return copies.containsKey(module.name())
                ? copies.get(module.name())
                : rows.get(module.name());
    }

    private void split(List<ModelLayout.Module> readers) {
        List<String> parts = new ArrayList<>();
        part(parts, readers, pairs, "a pair");
        part(parts, readers, copies, "a copy");
        part(parts, readers, rows, "token rows");
        problems.add(
                PlanMessage.TIED_WEIGHT_SPLIT, Problems.names(readers), String.join(", ", parts));
    }

    private static void part(
            List<String> parts, List<ModelLayout.Module> readers, Map<String, ?> by, String what) {
        List<ModelLayout.Module> with = with(readers, by);
        if (with.size() > 1) {
            parts.add("each of " + Problems.names(with) + " gets " + what + " of its own");
        } else if (!with.isEmpty()) {
            parts.add("only " + Problems.names(with) + " gets " + what);
        }
    }
}
