package dev.ligature.internal.names;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Names as options list them, in which {@code *} stands for any characters.
 *
 * @param patterns the names
 */
public record Wildcards(List<String> patterns) {
    public static final Wildcards NONE = new Wildcards(List.of());

    /** Copies the list. */
    public Wildcards {
        patterns = List.copyOf(patterns);
    }

    /** Returns these names and more. */
    public Wildcards with(String... names) {
        List<String> all = new ArrayList<>(patterns);
        all.addAll(List.of(names));
        return new Wildcards(all);
    }

    /** Returns whether one of the names means this one. */
    public boolean mean(String name) {
        return patterns.stream().anyMatch(pattern -> means(pattern, name));
    }

    private static boolean means(String pattern, String name) {
        StringBuilder regex = new StringBuilder();
        for (String part : pattern.split("\\*", -1)) {
            regex.append(regex.isEmpty() ? "" : ".*").append(Pattern.quote(part));
        }
        return Pattern.compile(regex.toString(), Pattern.DOTALL).matcher(name).matches();
    }
}
