package dev.ligature.internal.names;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Names as options list them, in which {@code *} stands for any characters; compiled once. */
public record Wildcards(List<Pattern> patterns) {
    public static final Wildcards NONE = new Wildcards(List.of());

    /** Copies the list. */
    public Wildcards {
        patterns = List.copyOf(patterns);
    }

    /** Returns these names and more. */
    public Wildcards with(String... names) {
        List<Pattern> all = new ArrayList<>(patterns);
        for (String name : names) {
            String regex =
                    Arrays.stream(name.split("\\*", -1))
                            .map(Pattern::quote)
                            .collect(Collectors.joining(".*"));
            all.add(Pattern.compile(regex, Pattern.DOTALL));
        }
        return new Wildcards(all);
    }

    /** Returns whether one of the names means this one. */
    public boolean mean(String name) {
        return patterns.stream().anyMatch(pattern -> pattern.matcher(name).matches());
    }
}
