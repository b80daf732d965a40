package dev.ligature.internal.names;

import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The entries of {@code modules_to_save} as names. An entry matches a module whose name is the
 * entry or ends with a dot and the entry, and all that such a module contains.
 */
public final class SavedNames {
    private final Set<String> entries;

    public SavedNames(Collection<String> entries) {
        this.entries = Set.copyOf(entries);
    }

    /** Returns whether an entry matches one of the names of a module. */
    public boolean fit(List<String> names) {
        return !entriesFor(names).isEmpty();
    }

    /** Returns the entries that match one of the names of a module. */
    public Set<String> entriesFor(List<String> names) {
        return entriesFor(names, true);
    }

    /** Returns the entries by which PEFT matches a module: it needs no dot before them. */
    public Set<String> entriesOfPeftFor(List<String> names) {
        return entriesFor(names, false);
    }

    private Set<String> entriesFor(List<String> names, boolean fromDots) {
        Set<String> found = new LinkedHashSet<>();
        for (String name : entries.isEmpty() ? List.<String>of() : names) {
            // Parts of the name are looked up: a file may list every module of a model.
            for (int end = name.length(); end > 0; end = name.lastIndexOf('.', end - 1)) {
                for (int start = 0; start < end; start++) {
                    boolean dot = start == 0 || name.charAt(start - 1) == '.';
                    if ((dot || !fromDots) && entries.contains(name.substring(start, end))) {
                        found.add(name.substring(start, end));
                    }
                }
            }
        }
        return found;
    }
}
