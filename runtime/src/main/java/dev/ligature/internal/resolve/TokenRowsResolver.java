package dev.ligature.internal.resolve;

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
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Decides which modules have rows of their own, and which of them share those: {@code
 * trainable_token_indices}.
 *
 * <p>Rows of the input embedding hold for all modules that read its weight, whatever {@code
 * ensure_weight_tying} is, as in PEFT. Rows of another reader alone hold for the others too if that
 * is on.
 */
final class TokenRowsResolver {
    private final LoraConfig config;
    private final ModelLayout layout;
    private final TieGroups ties;
    private final NameVocabulary vocabulary;
    private final Map<ModelLayout.Module, List<Integer>> asked = new LinkedHashMap<>();
    private final Problems problems = new Problems();

    TokenRowsResolver(
            LoraConfig config, ModelLayout layout, TieGroups ties, NameVocabulary vocabulary) {
        this.config = config;
        this.layout = layout;
        this.ties = ties;
        this.vocabulary = vocabulary;
    }

    /** Returns the rows, in the model's order. */
    Problems.Resolved<List<TokenRowsPlan>> resolve() {
        config.trainableTokenIndices().ifPresent(this::ask);
        List<TokenRowsPlan> plans = new ArrayList<>();
        Set<ModelLayout.Module> done = new LinkedHashSet<>();
        for (ModelLayout.Module module : layout.modules()) {
            if (asked.containsKey(module) && !done.contains(module)) {
                List<ModelLayout.Module> group = ties.readersWith(module);
                done.addAll(group);
                resolve(group, plans);
            }
        }
        return problems.with(plans);
    }

    private void ask(TokenSelection selection) {
        if (selection instanceof TokenSelection.InputEmbedding rows) {
            Optional<ModelLayout.Module> embedding =
                    layout.modules().stream()
                            .filter(module -> module.role() == Role.INPUT_EMBEDDING)
                            .findFirst();
            embedding.ifPresentOrElse(
                    module -> asked.put(module, rows.indices()),
                    () -> problems.add(PlanMessage.NO_INPUT_EMBEDDING, vocabulary.shown()));
        } else if (selection instanceof TokenSelection.ByModule byModule) {
            byModule.indices().forEach(this::ask);
        }
    }

    private void ask(String entry, List<Integer> indices) {
        boolean found = false;
        for (ModelLayout.Module module : layout.modules()) {
            if (module.names().stream().noneMatch(name -> NameMatch.fits(entry, name))) {
                continue;
            }
            found = true;
            List<Integer> other = asked.put(module, indices);
            if (other != null && !sameRows(other, indices)) {
                problems.addOnce(
                        entry, PlanMessage.TOKENS_TWICE, other, entry, indices, module.name());
            }
        }
        if (!found) {
            problems.addUnmatched(
                    "trainable_token_indices", entry, vocabulary, vocabulary::suffixes);
        }
    }

    private void resolve(List<ModelLayout.Module> group, List<TokenRowsPlan> plans) {
        ModelLayout.Module lead = lead(group);
        List<ModelLayout.Module> askedFor = group.stream().filter(asked::containsKey).toList();
        boolean share = config.ensureWeightTying() || asked.containsKey(lead);
        if (!haveRows(share ? group : askedFor) || !agree(group)) {
            return;
        }
        List<Integer> shared = share ? asked.getOrDefault(lead, rows(askedFor.get(0))) : List.of();
        List<ModelLayout.Module> sharing = new ArrayList<>();
        for (ModelLayout.Module reader : group) {
            if (share && (!asked.containsKey(reader) || sameRows(rows(reader), shared))) {
                sharing.add(reader);
            } else if (asked.containsKey(reader)) {
                plan(List.of(reader), rows(reader)).ifPresent(plans::add);
            }
        }
        if (!sharing.isEmpty()) {
            sharing.remove(lead);
            sharing.add(0, lead);
            plan(sharing, shared).ifPresent(plans::add);
        }
    }

    private List<Integer> rows(ModelLayout.Module module) {
        return asked.getOrDefault(module, List.of());
    }

    /** Returns the reader that files name the rows of a tied weight by. */
    private static ModelLayout.Module lead(List<ModelLayout.Module> group) {
        return group.stream()
                .filter(reader -> reader.role() == Role.INPUT_EMBEDDING)
                .findFirst()
                .or(() -> group.stream().filter(r -> r.weight().equals(r.name())).findFirst())
                .orElse(group.get(0));
    }

    /** Rejects different rows for readers of one weight if the weight is tied. */
    private boolean agree(List<ModelLayout.Module> group) {
        List<ModelLayout.Module> askedFor = group.stream().filter(asked::containsKey).toList();
        List<Integer> first = rows(askedFor.get(0));
        if (!config.ensureWeightTying()
                || askedFor.stream().allMatch(reader -> sameRows(first, rows(reader)))) {
            return true;
        }
        problems.add(
                PlanMessage.TOKENS_CONFLICT,
                Problems.names(group),
                askedFor.stream()
                        .map(reader -> rows(reader) + " of " + reader.name())
                        .collect(Collectors.joining(" and ")));
        return false;
    }

    private Optional<TokenRowsPlan> plan(List<ModelLayout.Module> readers, List<Integer> indices) {
        ModelLayout.Module first = readers.get(0);
        long rows = first.shape().get(0);
        Optional<Integer> beyond = indices.stream().filter(index -> index >= rows).findFirst();
        if (beyond.isPresent()) {
            problems.add(PlanMessage.TOKEN_RANGE, beyond.get(), first.name(), rows, rows - 1);
            return Optional.empty();
        }
        return Optional.of(
                new TokenRowsPlan(
                        first.weight().isEmpty() ? first.name() : first.weight(),
                        readers.stream().map(reader -> reader(reader, indices)).toList(),
                        indices,
                        rows,
                        first.shape().get(1),
                        first.trainedType()));
    }

    private TokenRowsPlan.Reader reader(ModelLayout.Module module, List<Integer> indices) {
        return new TokenRowsPlan.Reader(
                module.name(), module.kind(), asked.getOrDefault(module, indices));
    }

    private boolean haveRows(List<ModelLayout.Module> modules) {
        boolean all = true;
        for (ModelLayout.Module module : modules) {
            boolean lookedUp =
                    module.kind() == ModuleKind.EMBEDDING || module.kind() == ModuleKind.LINEAR;
            if (!lookedUp || module.shape().dimension() != 2) {
                String type =
                        module.type() + (lookedUp ? " whose weight is " + module.shape() : "");
                problems.addOnce(type, PlanMessage.TOKENS_UNSUPPORTED, module.name(), type);
                all = false;
            }
        }
        return all;
    }

    private static boolean sameRows(List<Integer> a, List<Integer> b) {
        return Set.copyOf(a).equals(Set.copyOf(b));
    }
}
