package dev.ligature.internal.names;

import java.util.List;
import java.util.OptionalLong;
import java.util.regex.Matcher;

/**
 * Reads the index of the layer that a module is in from its name, as PEFT 0.21 does: the first
 * number between dots, or the first after a list that is named.
 */
public final class LayerIndex {
    private static final PythonRegex ANY_LIST =
            PythonRegex.compile(".*?\\.[^.]*\\.(?P<idx>\\d+)\\.");

    private final List<PythonRegex> lists;

    public LayerIndex(List<String> layersPattern) {
        lists =
                layersPattern.isEmpty()
                        ? List.of(ANY_LIST)
                        : layersPattern.stream().map(LayerIndex::compile).toList();
    }

    public static PythonRegex compile(String layersPattern) {
        return PythonRegex.compile("(?:^|.*?\\.)" + layersPattern + "\\.(?P<idx>\\d+)\\.");
    }

    /** Returns the index of the layer of a module, if its name has one. */
    public OptionalLong of(String name) {
        for (PythonRegex list : lists) {
            Matcher matcher = list.matcher(name);
            if (matcher.lookingAt()) {
                String digits = matcher.group(list.group("idx"));
                // A list has at most 2^31 elements; a longer number is not an index.
                return digits == null || digits.length() > 18
                        ? OptionalLong.empty()
                        : OptionalLong.of(Long.parseLong(digits));
            }
        }
        return OptionalLong.empty();
    }
}
