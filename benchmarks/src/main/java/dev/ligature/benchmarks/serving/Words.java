package dev.ligature.benchmarks.serving;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The settings of a case, as {@code key=value} words of a line.
 *
 * @param kind what the case measures
 * @param values the settings by key
 */
record Words(String kind, Map<String, String> values) {
    /**
     * Parses words.
     *
     * @param words the kind, then settings
     */
    static Words parse(List<String> words) {
        Map<String, String> values = new HashMap<>();
        for (String word : words.subList(1, words.size())) {
            int at = word.indexOf('=');
            if (at < 0) {
                throw new IllegalArgumentException("No key=value: " + word);
            }
            values.put(word.substring(0, at), word.substring(at + 1));
        }
        return new Words(words.get(0), values);
    }

    boolean has(String key) {
        return values.containsKey(key);
    }

    String text(String key) {
        String value = values.get(key);
        if (value == null) {
            throw new IllegalArgumentException(kind + " needs " + key);
        }
        return value;
    }

    int number(String key) {
        return Integer.parseInt(text(key));
    }

    Path path(String key) {
        return Path.of(text(key));
    }

    /** Returns values separated by commas; none if the key is absent. */
    List<String> list(String key) {
        return has(key) ? List.of(text(key).split(",")) : List.of();
    }
}
