package dev.ligature.config;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Single rows of weights that are trained: PEFT's {@code trainable_token_indices}. */
public sealed interface TokenSelection {

    /**
     * Rows of the input embedding, and of all modules that read its weight.
     *
     * @param indices the rows, in the order of the tensor in files
     */
    record InputEmbedding(List<Integer> indices) implements TokenSelection {
        /** Copies the list. */
        public InputEmbedding {
            indices = List.copyOf(indices);
        }
    }

    /**
     * Rows of the modules whose full name is a key, or ends with a dot and one.
     *
     * @param indices the rows of each, in the order of the tensor in files
     */
    record ByModule(Map<String, List<Integer>> indices) implements TokenSelection {
        /** Copies the map, keeping its order. */
        public ByModule {
            Map<String, List<Integer>> copy = new LinkedHashMap<>();
            indices.forEach((module, rows) -> copy.put(module, List.copyOf(rows)));
            indices = Collections.unmodifiableMap(copy);
        }
    }
}
