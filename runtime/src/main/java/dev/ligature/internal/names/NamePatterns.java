package dev.ligature.internal.names;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Values by pattern of module name: PEFT's {@code rank_pattern} and {@code alpha_pattern}. A
 * pattern matches a name from a dot on to its end, or the whole of it; the first that does decides.
 *
 * @param <V> the type of the values
 */
public final class NamePatterns<V> {
    private final Map<String, PythonRegex> compiled = new LinkedHashMap<>();
    private final Map<String, V> values;

    public NamePatterns(Map<String, V> values) {
        this.values = values;
        values.keySet().forEach(pattern -> compiled.put(pattern, compile(pattern)));
    }

    public static PythonRegex compile(String pattern) {
        return PythonRegex.compile("(.*\\.)?(" + pattern + ")$");
    }

    /** Returns the patterns, in their order. */
    public Set<String> patterns() {
        return values.keySet();
    }

    /** Returns whether a pattern matches one of the names of a module, decisive or not. */
    public boolean matches(String pattern, List<String> names) {
        PythonRegex regex = compiled.get(pattern);
        return regex != null && names.stream().anyMatch(regex::matchAtStart);
    }

    /** Returns the pattern that decides for a module of these names, and its value. */
    public Optional<Map.Entry<String, V>> find(List<String> names) {
        return values.entrySet().stream()
                .filter(entry -> matches(entry.getKey(), names))
                .findFirst();
    }
}
