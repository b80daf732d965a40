package dev.ligature.internal.names;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Which names of modules a selection matches. */
public interface NameMatch {
    /** Matches no name. */
    NameMatch NOTHING = name -> false;

    /** Returns whether the name matches. */
    boolean fits(String name);

    /** Returns whether a name that matches ignores {@code layers_to_transform}. */
    default boolean bypassesLayers(String name) {
        return true;
    }

    /** Returns whether an entry of a list matches a name: it is the name, or its end from a dot. */
    static boolean fits(String entry, String name) {
        int start = name.length() - entry.length();
        return name.endsWith(entry) && (start == 0 || name.charAt(start - 1) == '.');
    }

    /** Returns a name, and what follows each of its dots. */
    static List<String> suffixes(String name) {
        List<String> suffixes = new ArrayList<>(List.of(name));
        for (int dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
            suffixes.add(name.substring(dot + 1));
        }
        return suffixes;
    }

    /** Matches full names, and names that end with a dot and an entry. */
    record ByName(Set<String> entries) implements NameMatch {
        @Override
        public boolean fits(String name) {
            // Looked up, not compared one by one: some files list every module of a model.
            return suffixes(name).stream().anyMatch(entries::contains);
        }

        @Override
        public boolean bypassesLayers(String name) {
            return entries.contains(name);
        }
    }
}
