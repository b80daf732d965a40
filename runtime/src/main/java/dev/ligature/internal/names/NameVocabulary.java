package dev.ligature.internal.names;

import dev.ligature.internal.hint.Nearest;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

/** The names by which a configuration can address the modules of a model; for messages. */
public final class NameVocabulary {
    private static final int SHOWN = 20;

    /** The search for a near name takes its time, and a file may have 100,000 unknown entries. */
    private static final int MOST_HINTS = 20;

    private final List<String> names;
    private int hints;

    public NameVocabulary(List<String> names) {
        this.names = List.copyOf(names);
    }

    /**
     * Returns {@link Nearest#hint}, or how the elements of a list are named; an empty text from the
     * 21st unknown entry on.
     */
    public String hint(String unknown, Supplier<Set<String>> known) {
        String first = unknown + ".0";
        if (!unknown.isEmpty() && names.stream().anyMatch(name -> NameMatch.fits(first, name))) {
            return " It is a list: name its elements, "
                    + first
                    + " and so on, or all of them by an expression such as .*"
                    + unknown
                    + "\\.[0-9]+.";
        }
        return hints++ < MOST_HINTS ? Nearest.hint(unknown, known.get()) : "";
    }

    /** Returns every full name and everything that a name ends with from a dot on. */
    public Set<String> suffixes() {
        Set<String> suffixes = new LinkedHashSet<>();
        names.forEach(name -> suffixes.addAll(NameMatch.suffixes(name)));
        return suffixes;
    }

    /** Returns what {@link #suffixes} does, for the names and for what the modules are in. */
    public Set<String> paths() {
        Set<String> paths = new LinkedHashSet<>();
        for (String name : names) {
            for (int end = name.length(); end > 0; end = name.lastIndexOf('.', end - 1)) {
                paths.addAll(NameMatch.suffixes(name.substring(0, end)));
            }
        }
        return paths;
    }

    /** Returns the names of the lists: what stands before a number between dots. */
    public Set<String> lists() {
        Set<String> lists = new LinkedHashSet<>();
        for (String name : names) {
            String[] segments = name.split("\\.", -1);
            for (int i = 1; i < segments.length - 1; i++) {
                if (!segments[i].isEmpty() && segments[i].chars().allMatch(Character::isDigit)) {
                    lists.add(segments[i - 1]);
                }
            }
        }
        return lists;
    }

    /** Returns the last words of the names, of many the first 20 and their number. */
    public String shown() {
        Set<String> words = new LinkedHashSet<>();
        names.forEach(name -> words.add(name.substring(name.lastIndexOf('.') + 1)));
        return NameList.list(words, SHOWN);
    }
}
