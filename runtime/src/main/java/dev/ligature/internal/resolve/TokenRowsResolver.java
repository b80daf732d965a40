package dev.ligature.internal.resolve;

import dev.ligature.LoraException;
import dev.ligature.annotation.Role;
import dev.ligature.config.LoraConfig;
import dev.ligature.config.TokenSelection;
import dev.ligature.internal.names.NameMatch;
import dev.ligature.internal.names.NameVocabulary;
import dev.ligature.plan.ModelLayout;
import dev.ligature.plan.ModuleKind;
import dev.ligature.plan.TokenRowsPlan;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Decides which modules have rows of their own, and which of them share those: {@code
 * trainable_token_indices}.
 *
 * <p>Rows that are asked of the input embedding hold for all that read its weight, whatever {@code
 * ensure_weight_tying} says, as in PEFT. Rows of another reader alone hold for the others too if
 * that is on.
 */
public final class TokenRowsResolver {
    private final LoraConfig config;
    private final ModelLayout layout;
    private final TieGroups ties;
    private final Map<ModelLayout.Module, List<Integer>> asked = new LinkedHashMap<>();
    private final List<String> unmatched = new ArrayList<>();

    public TokenRowsResolver(LoraConfig config, ModelLayout layout, TieGroups ties) {
        this.config = config;
        this.layout = layout;
        this.ties = ties;
        config.trainableTokenIndices().ifPresent(this::ask);
    }

    private void ask(TokenSelection selection) {
        if (selection instanceof TokenSelection.InputEmbedding rows) {
            asked.put(inputEmbedding(), rows.indices());
        } else if (selection instanceof TokenSelection.ByModule byModule) {
            byModule.indices().forEach(this::ask);
        }
    }

    private void ask(String entry, List<Integer> indices) {
        boolean found = false;
        for (ModelLayout.Module module : layout.modules()) {
            if (TargetMatcher.names(module).stream().noneMatch(n -> NameMatch.fits(entry, n))) {
                continue;
            }
            found = true;
            List<Integer> other = asked.put(module, indices);
            if (other != null && !sameRows(other, indices)) {
                throw new LoraException(
                        "LoraTokensTwice",
                        "trainable_token_indices asks for the rows "
                                + other
                                + " and, by '"
                                + entry
                                + "', for "
                                + indices
                                + " of module "
                                + module.name()
                                + ". Keep one of the two entries.");
            }
        }
        if (!found) {
            unmatched.add(entry);
        }
    }

    private ModelLayout.Module inputEmbedding() {
        return layout.modules().stream()
                .filter(module -> module.role() == Role.INPUT_EMBEDDING)
                .findFirst()
                .orElseThrow(
                        () ->
                                new LoraException(
                                        "LoraNoInputEmbedding",
                                        "trainable_token_indices is a list, which means rows of the"
                                                + " input embedding, but no module of the model is"
                                                + " marked as one. Mark the field with"
                                                + " @LoraTarget(role = INPUT_EMBEDDING), or give"
                                                + " the indices by module: "
                                                + new NameVocabulary(layout).shown()
                                                + "."));
    }

    /** Returns the names that are no module's. */
    List<String> unmatched() {
        return unmatched;
    }

    /** Returns the rows, in the model's order. */
    public List<TokenRowsPlan> resolve() {
        List<TokenRowsPlan> plans = new ArrayList<>();
        Set<ModelLayout.Module> done = new LinkedHashSet<>();
        for (ModelLayout.Module module : layout.modules()) {
            if (asked.containsKey(module) && !done.contains(module)) {
                List<ModelLayout.Module> group = ties.readersWith(module);
                done.addAll(group);
                resolve(group, plans);
            }
        }
        return plans;
    }

    private void resolve(List<ModelLayout.Module> group, List<TokenRowsPlan> plans) {
        group.stream().filter(asked::containsKey).forEach(TokenRowsResolver::require);
        ModelLayout.Module lead = lead(group);
        List<Integer> shared = asked.get(lead);
        if (config.ensureWeightTying()) {
            requireAgreement(group);
            if (shared == null) {
                shared =
                        group.stream().filter(asked::containsKey).map(asked::get).findFirst().get();
            }
        }
        List<ModelLayout.Module> sharing = new ArrayList<>();
        for (ModelLayout.Module reader : group) {
            List<Integer> own = asked.get(reader);
            if (shared != null && (own == null || sameRows(own, shared))) {
                sharing.add(reader);
            } else if (own != null) {
                plans.add(plan(List.of(reader), own));
            }
        }
        if (shared != null && !sharing.isEmpty()) {
            sharing.forEach(TokenRowsResolver::require);
            sharing.remove(lead);
            sharing.add(0, lead);
            plans.add(plan(sharing, shared));
        }
    }

    /** Returns the reader that files name the rows of a tied weight by. */
    private static ModelLayout.Module lead(List<ModelLayout.Module> group) {
        return group.stream()
                .filter(reader -> reader.role() == Role.INPUT_EMBEDDING)
                .findFirst()
                .or(() -> group.stream().filter(r -> r.weight().equals(r.name())).findFirst())
                .orElse(group.get(0));
    }

    private void requireAgreement(List<ModelLayout.Module> group) {
        Map<String, List<Integer>> rows = new LinkedHashMap<>();
        group.stream()
                .filter(asked::containsKey)
                .forEach(m -> rows.put(m.name(), asked.getOrDefault(m, List.of())));
        List<Integer> first = rows.values().iterator().next();
        if (rows.values().stream().anyMatch(other -> !sameRows(first, other))) {
            throw new LoraException(
                    "LoraTokensConflict",
                    "Modules "
                            + PairGroups.names(group)
                            + " read one weight and ensure_weight_tying is on, but"
                            + " trainable_token_indices asks for "
                            + rows.entrySet().stream()
                                    .map(e -> e.getValue() + " of " + e.getKey())
                                    .collect(Collectors.joining(" and "))
                            + ". Give them the same rows, or set ensure_weight_tying to false.");
        }
    }

    private TokenRowsPlan plan(List<ModelLayout.Module> readers, List<Integer> indices) {
        ModelLayout.Module first = readers.get(0);
        long rows = first.shape().get(0);
        for (int index : indices) {
            if (index >= rows) {
                throw new LoraException(
                        "LoraTokenRange",
                        "trainable_token_indices has "
                                + index
                                + ", but the weight of module "
                                + first.name()
                                + " has "
                                + rows
                                + " rows, 0 to "
                                + (rows - 1)
                                + ". Correct it, or enlarge the base's vocabulary first.");
            }
        }
        return new TokenRowsPlan(
                first.weight().isEmpty() ? first.name() : first.weight(),
                readers.stream()
                        .map(
                                m ->
                                        new TokenRowsPlan.Reader(
                                                m.name(), m.kind(), asked.getOrDefault(m, indices)))
                        .toList(),
                indices,
                rows,
                first.shape().get(1),
                ModulesToSave.factorType(first.dataType()));
    }

    private static void require(ModelLayout.Module module) {
        boolean lookedUp =
                module.kind() == ModuleKind.EMBEDDING || module.kind() == ModuleKind.LINEAR;
        if (!lookedUp || module.shape().dimension() != 2) {
            throw new LoraException(
                    "LoraTokensUnsupported",
                    "trainable_token_indices asks for rows of module "
                            + module.name()
                            + ", a "
                            + module.type()
                            + (lookedUp ? " whose weight is " + module.shape() : "")
                            + ". Only the weights of linear layers and embeddings, (rows, d), have"
                            + " rows that can be trained by themselves: name another module, or use"
                            + " modules_to_save.");
        }
    }

    private static boolean sameRows(List<Integer> a, List<Integer> b) {
        return Set.copyOf(a).equals(Set.copyOf(b));
    }
}
