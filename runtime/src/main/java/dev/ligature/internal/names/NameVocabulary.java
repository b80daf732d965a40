package dev.ligature.internal.names;

import dev.ligature.internal.resolve.TargetMatcher;
import dev.ligature.plan.ModelLayout;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** The words that a configuration can address the modules of a model by; for messages. */
public final class NameVocabulary {
    private static final int SHOWN = 20;

    private final List<String> names;

    public NameVocabulary(ModelLayout layout) {
        names =
                layout.modules().stream()
                        .flatMap(module -> TargetMatcher.names(module).stream())
                        .toList();
    }

    /** Returns every full name and everything that a name ends with from a dot on. */
    public Set<String> suffixes() {
        Set<String> suffixes = new LinkedHashSet<>();
        names.forEach(name -> addSuffixes(name, suffixes));
        return suffixes;
    }

    private static void addSuffixes(String name, Set<String> suffixes) {
        suffixes.add(name);
        for (int dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
            suffixes.add(name.substring(dot + 1));
        }
    }

    /** Returns what {@link #suffixes} does, for the names and for what the modules are in. */
    public Set<String> paths() {
        Set<String> paths = new LinkedHashSet<>();
        for (String name : names) {
            for (int end = name.length(); end > 0; end = name.lastIndexOf('.', end - 1)) {
                addSuffixes(name.substring(0, end), paths);
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

    /** Returns the last words of the names, as a text of bounded length. */
    public String shown() {
        Set<String> words = new LinkedHashSet<>();
        names.forEach(name -> words.add(name.substring(name.lastIndexOf('.') + 1)));
        return shown(List.copyOf(words));
    }

    public static String shown(List<String> words) {
        return String.join(", ", words.subList(0, Math.min(SHOWN, words.size())))
                + (words.size() > SHOWN ? " and " + (words.size() - SHOWN) + " more" : "");
    }
}
