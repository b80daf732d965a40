package dev.ligature.internal.resolve;

import dev.ligature.internal.diag.Problem;
import dev.ligature.internal.names.NameList;
import dev.ligature.internal.names.NameVocabulary;
import dev.ligature.plan.ModelLayout.Module;
import dev.ligature.plan.PlanWarning;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/** Collects problems of a configuration, in the order in which they are found. */
final class Problems {
    private static final int SHOWN = 20;

    private final List<Problem<PlanMessage>> all = new ArrayList<>();
    private final Set<List<Object>> reasons = new HashSet<>();

    void add(PlanMessage message, Object... values) {
        all.add(Problem.of(message, values));
    }

    /**
     * Adds a problem unless the message was added for the same reason before: a wrong value is
     * reported for the first of the modules that it is wrong for.
     *
     * @param reason what the problem has in common for all of them
     */
    void addOnce(Object reason, PlanMessage message, Object... values) {
        if (reasons.add(List.of(message, reason))) {
            add(message, values);
        }
    }

    /** Adds that an entry of a field matches no module, with the nearest known names. */
    void addUnmatched(
            String field,
            String entry,
            NameVocabulary names,
            Function<NameVocabulary, Set<String>> known) {
        String hint = names.hint(entry, () -> known.apply(names));
        add(PlanMessage.ENTRY_UNMATCHED, field, entry, hint, names.shown());
    }

    void addAll(Problems others) {
        all.addAll(others.all);
    }

    List<Problem<PlanMessage>> errors(boolean strict) {
        return all.stream().filter(p -> p.message().severity().isError(strict)).toList();
    }

    List<PlanWarning> warnings(boolean strict) {
        return all.stream()
                .filter(p -> p.message().severity().isWarning(strict))
                .map(Problem::warning)
                .toList();
    }

    /** Returns the names of modules, as messages list them. */
    static String names(Collection<Module> modules) {
        return list(modules.stream().map(Module::name).toList());
    }

    /** Returns names as messages list them: of many, the first 20 and their number. */
    static String list(Collection<String> names) {
        return NameList.list(names, SHOWN);
    }
}
