package dev.ligature.internal.resolve;

import dev.ligature.plan.ModelLayout;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * The entries of {@code modules_to_save} as names. An entry fits a module whose name is it or ends
 * with a dot and it, and whatever is in such a module.
 */
final class SavedNames {
    private final Set<String> entries;

    SavedNames(Collection<String> entries) {
        this.entries = Set.copyOf(entries);
    }

    /** Returns whether an entry fits a module of this name. */
    boolean fit(String name) {
        return !entries.isEmpty() && !entriesFor(name, true).isEmpty();
    }

    /** Returns the entries that fit one of the names of a module. */
    Set<String> entriesFor(ModelLayout.Module module) {
        return entriesFor(module, true);
    }

    /** Returns the entries by which PEFT means a module: it does not ask for a dot before them. */
    Set<String> entriesOfPeftFor(ModelLayout.Module module) {
        return entriesFor(module, false);
    }

    private Set<String> entriesFor(ModelLayout.Module module, boolean fromDots) {
        Set<String> found = new LinkedHashSet<>();
        if (!entries.isEmpty()) {
            module.names().forEach(name -> found.addAll(entriesFor(name, fromDots)));
        }
        return found;
    }

    private Set<String> entriesFor(String name, boolean fromDots) {
        Set<String> found = new LinkedHashSet<>();
        for (int end = name.length(); end > 0; end = name.lastIndexOf('.', end - 1)) {
            for (int start = 0; start < end; start++) {
                boolean dot = start == 0 || name.charAt(start - 1) == '.';
                if ((dot || !fromDots) && entries.contains(name.substring(start, end))) {
                    found.add(name.substring(start, end));
                }
            }
        }
        return found;
    }
}
