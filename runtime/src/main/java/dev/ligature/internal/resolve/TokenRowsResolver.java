package dev.ligature.internal.resolve;

import dev.ligature.annotation.Role;
import dev.ligature.config.LoraConfig;
import dev.ligature.config.TokenSelection;
import dev.ligature.internal.names.NameVocabulary;
import dev.ligature.plan.ModelLayout.Module;
import dev.ligature.plan.ModuleKind;
import dev.ligature.plan.TokenRowsPlan;
import java.util.ArrayList;
import java.util.LinkedHashMap;
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
    private final Request request;
    private final LoraConfig config;
    private final Problems problems;
    private final Map<Module, List<Integer>> asked = new LinkedHashMap<>();
    private final List<TokenRowsPlan> plans = new ArrayList<>();

    TokenRowsResolver(Request request, Problems problems) {
        this.request = request;
        this.problems = problems;
        config = request.config();
    }

    /** Returns the rows, in the model's order. */
    List<TokenRowsPlan> resolve() {
        config.trainableTokenIndices().ifPresent(this::ask);
        for (Module module : request.modules()) {
            List<Module> group = request.ties().readersWith(module);
            List<Module> named = group.stream().filter(asked::containsKey).toList();
            if (!named.isEmpty() && named.get(0).equals(module)) {
                resolve(group, named);
            }
        }
        return plans;
    }

    private void ask(TokenSelection selection) {
        if (selection instanceof TokenSelection.ByModule byModule) {
            byModule.indices().forEach(this::ask);
        } else if (selection instanceof TokenSelection.InputEmbedding rows) {
            request.modules().stream()
                    .filter(module -> module.role() == Role.INPUT_EMBEDDING)
                    .findFirst()
                    .ifPresentOrElse(
                            module -> asked.put(module, rows.indices()),
                            () ->
                                    problems.add(
                                            PlanMessage.NO_INPUT_EMBEDDING,
                                            request.vocabulary().shown()));
        }
    }

    private void ask(String entry, List<Integer> indices) {
        List<Module> fitting = request.matching(entry).toList();
        if (fitting.isEmpty()) {
            problems.addUnmatched(
                    "trainable_token_indices",
                    entry,
                    request.vocabulary(),
                    NameVocabulary::suffixes);
        }
        for (Module module : fitting) {
            List<Integer> other = asked.put(module, indices);
            if (other != null && !sameRows(other, indices)) {
                problems.addOnce(
                        entry, PlanMessage.TOKENS_TWICE, other, entry, indices, module.name());
            }
        }
    }

    /**
     * Plans the rows of one weight.
     *
     * @param group all its readers
     * @param named those that the configuration gives rows to; at least one
     */
    private void resolve(List<Module> group, List<Module> named) {
        Module lead = lead(group);
        boolean share = config.ensureWeightTying() || asked.containsKey(lead);
        if (!haveRows(share ? group : named) || !agree(group, named)) {
            return;
        }
        List<Integer> shared =
                share ? rows(asked.containsKey(lead) ? lead : named.get(0)) : List.of();
        List<Module> sharing = new ArrayList<>();
        for (Module reader : group) {
            if (share && (!asked.containsKey(reader) || sameRows(rows(reader), shared))) {
                sharing.add(reader);
            } else if (asked.containsKey(reader)) {
                plan(List.of(reader), rows(reader));
            }
        }
        if (!sharing.isEmpty()) {
            sharing.remove(lead);
            sharing.add(0, lead);
            plan(sharing, shared);
        }
    }

    private List<Integer> rows(Module module) {
        return asked.getOrDefault(module, List.of());
    }

    /** Returns the reader that files name the rows of a tied weight by. */
    private static Module lead(List<Module> group) {
        return group.stream()
                .filter(reader -> reader.role() == Role.INPUT_EMBEDDING)
                .findFirst()
                .or(() -> group.stream().filter(r -> r.weight().equals(r.name())).findFirst())
                .orElse(group.get(0));
    }

    /** Rejects different rows for readers of one weight if the weight is tied. */
    private boolean agree(List<Module> group, List<Module> named) {
        List<Integer> first = rows(named.get(0));
        if (!config.ensureWeightTying()
                || named.stream().allMatch(reader -> sameRows(first, rows(reader)))) {
            return true;
        }
        problems.add(
                PlanMessage.TOKENS_CONFLICT,
                Problems.names(group),
                named.stream()
                        .map(reader -> rows(reader) + " of " + reader.name())
                        .collect(Collectors.joining(" and ")));
        return false;
    }

    private void plan(List<Module> readers, List<Integer> indices) {
        Module first = readers.get(0);
        long rows = first.shape().get(0);
        Optional<Integer> beyond = indices.stream().filter(index -> index >= rows).findFirst();
        if (beyond.isPresent()) {
            problems.add(PlanMessage.TOKEN_RANGE, beyond.get(), first.name(), rows, rows - 1);
            return;
        }
        plans.add(
                new TokenRowsPlan(
                        Request.weightOf(first),
                        readers.stream()
                                .map(
                                        m ->
                                                new TokenRowsPlan.Reader(
                                                        m.name(),
                                                        m.kind(),
                                                        asked.getOrDefault(m, indices)))
                                .toList(),
                        indices,
                        rows,
                        first.shape().get(1),
                        first.trainedType()));
    }

    private boolean haveRows(List<Module> modules) {
        boolean all = true;
        for (Module module : modules) {
            boolean lookedUp =
                    module.kind() == ModuleKind.EMBEDDING || module.kind() == ModuleKind.LINEAR;
            boolean matrix = module.shape().dimension() == 2;
            if (!lookedUp || !matrix || module.transposed()) {
                String type = module.type();
                if (lookedUp) {
                    type +=
                            matrix
                                    ? " that stores them as columns"
                                    : " whose weight is " + module.shape();
                }
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
