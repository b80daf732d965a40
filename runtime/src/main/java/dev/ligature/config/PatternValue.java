package dev.ligature.config;

import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The value that {@code rank_pattern} or {@code alpha_pattern} gives to the modules whose names a
 * pattern matches. The first pattern of a list that matches decides.
 *
 * @param pattern a regular expression that matches the end of a name from a dot on, or the whole
 *     name
 * @param value the rank or alpha
 * @param <V> the type of the value
 */
public record PatternValue<V>(String pattern, V value) {
    /** Checks that both are there. */
    public PatternValue {
        Objects.requireNonNull(pattern, "pattern");
        Objects.requireNonNull(value, "value");
    }

    /** Returns the entries of a map, in its order. */
    public static <V> List<PatternValue<V>> listOf(Map<String, V> values) {
        return values.entrySet().stream()
                .map(entry -> new PatternValue<>(entry.getKey(), entry.getValue()))
                .toList();
    }
}
