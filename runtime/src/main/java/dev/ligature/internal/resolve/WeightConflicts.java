package dev.ligature.internal.resolve;

import dev.ligature.LoraException;
import dev.ligature.config.LoraConfig;
import dev.ligature.plan.ModelLayout;
import dev.ligature.plan.PairPlan;
import dev.ligature.plan.PlanWarning;
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
public final class WeightConflicts {
    private static final String PAIR = "target_modules gives %s a factor pair";
    private static final String COPY = "modules_to_save gives %s a copy of it";
    private static final String ROWS = "trainable_token_indices gives %s rows";

    private final LoraConfig config;
    private final ModelLayout layout;
    private final TieGroups ties;
    private final Map<String, PairPlan> pairs = new LinkedHashMap<>();
    private final Map<String, ReplacementPlan> copies = new LinkedHashMap<>();
    private final Map<String, TokenRowsPlan> rows = new LinkedHashMap<>();

    public WeightConflicts(
            LoraConfig config,
            ModelLayout layout,
            TieGroups ties,
            List<PairPlan> pairs,
            List<ReplacementPlan> copies,
            List<TokenRowsPlan> rows) {
        this.config = config;
        this.layout = layout;
        this.ties = ties;
        for (PairPlan pair : pairs) {
            for (PairPlan.Reader reader : pair.readers()) {
                if (reader.parameter().equals(ModelLayout.Parameter.WEIGHT)) {
                    this.pairs.put(reader.slot(), pair);
                }
            }
        }
        rows.forEach(plan -> plan.readers().forEach(r -> this.rows.put(r.module(), plan)));
        for (ReplacementPlan copy : copies) {
            for (ReplacementPlan.Reader reader : copy.readers()) {
                if (reader.parameter().equals(ModelLayout.Parameter.WEIGHT)) {
                    this.copies.put(reader.module(), copy);
                }
            }
        }
    }

    /**
     * Throws if a weight would get two things.
     *
     * @param saved modules that target_modules means as well, but whose copy takes precedence
     */
    public void check(List<ModelLayout.Module> saved) {
        for (ModelLayout.Module module : layout.modules()) {
            List<ModelLayout.Module> readers = ties.readersWith(module);
            if (!readers.get(0).equals(module)) {
                continue;
            }
            Map<String, List<ModelLayout.Module>> claims = new LinkedHashMap<>();
            claim(claims, PAIR, readers, pairs);
            claim(claims, COPY, readers, copies);
            claim(claims, ROWS, readers, rows);
            List<ModelLayout.Module> both = readers.stream().filter(saved::contains).toList();
            if (config.ensureWeightTying() && readers.size() > 1 && !both.isEmpty()) {
                claims.putIfAbsent(PAIR, both);
            }
            boolean apart =
                    !config.ensureWeightTying()
                            && !claims.containsKey(ROWS); // a pair here and a copy there
            if (claims.size() > 1 && !apart) {
                throw claimedTwice(readers, claims);
            }
        }
    }

    private static void claim(
            Map<String, List<ModelLayout.Module>> claims,
            String claim,
            List<ModelLayout.Module> readers,
            Map<String, ?> by) {
        List<ModelLayout.Module> claimed =
                readers.stream().filter(reader -> by.containsKey(reader.name())).toList();
        if (!claimed.isEmpty()) {
            claims.put(claim, claimed);
        }
    }

    private static LoraException claimedTwice(
            List<ModelLayout.Module> readers, Map<String, List<ModelLayout.Module>> claims) {
        return new LoraException(
                "LoraWeightClaimedTwice",
                (readers.size() > 1
                                ? "Modules " + PairGroups.names(readers) + " read one weight: "
                                : "Of the weight of module " + PairGroups.names(readers) + ", ")
                        + claims.entrySet().stream()
                                .map(c -> c.getKey().formatted(PairGroups.names(c.getValue())))
                                .collect(Collectors.joining(", and "))
                        + ". A weight can have one of these: take the modules out of the other"
                        + " field"
                        + (readers.size() > 1 ? ", or untie the base first." : "."));
    }

    /** Returns what is doubtful about the ties. */
    public List<PlanWarning> warnings() {
        List<PlanWarning> warnings = new ArrayList<>();
        List<List<ModelLayout.Module>> touched =
                ties.all().stream()
                        .filter(readers -> readers.stream().anyMatch(r -> effect(r) != null))
                        .toList();
        if (config.ensureWeightTying() && ties.all().isEmpty()) {
            warnings.add(
                    new PlanWarning(
                            "LoraNoTie",
                            "ensure_weight_tying is on, but no two modules of the model read one"
                                    + " weight: it has no effect. Set it to false, or declare the"
                                    + " tie with @Tied."));
        } else if (config.ensureWeightTying() && touched.isEmpty()) {
            warnings.add(
                    new PlanWarning(
                            "LoraTieUntouched",
                            "ensure_weight_tying is on, but none of the tied modules is adapted: "
                                    + ties.all().stream()
                                            .map(PairGroups::names)
                                            .collect(Collectors.joining("; "))
                                    + ". Target one of them, or set it to false."));
        }
        for (List<ModelLayout.Module> readers : touched) {
            Object first = effect(readers.get(0));
            if (!readers.stream().allMatch(reader -> Objects.equals(effect(reader), first))) {
                warnings.add(split(readers));
            }
        }
        return warnings;
    }

    private @Nullable Object effect(ModelLayout.Module module) {
        if (pairs.containsKey(module.name())) {
            return pairs.get(module.name());
        }
        return copies.containsKey(module.name())
                ? copies.get(module.name())
                : rows.get(module.name());
    }

    private PlanWarning split(List<ModelLayout.Module> readers) {
        List<String> parts = new ArrayList<>();
        part(parts, readers, pairs, "a pair");
        part(parts, readers, copies, "a copy");
        part(parts, readers, rows, "token rows");
        return new PlanWarning(
                "LoraTiedWeightSplit",
                "Modules "
                        + PairGroups.names(readers)
                        + " read one weight, and ensure_weight_tying is off: "
                        + String.join(", ", parts)
                        + ", so the weight is no longer the same for all, and the adapter"
                        + " cannot be merged. Set ensure_weight_tying to true for one"
                        + " that all read, or untie the base.");
    }

    private static void part(
            List<String> parts, List<ModelLayout.Module> readers, Map<String, ?> by, String what) {
        List<ModelLayout.Module> with =
                readers.stream().filter(reader -> by.containsKey(reader.name())).toList();
        if (with.isEmpty()) {
            return;
        }
        parts.add(
                with.size() > 1
                        ? "each of " + PairGroups.names(with) + " gets " + what + " of its own"
                        : "only " + PairGroups.names(with) + " gets " + what);
    }
}
