package dev.ligature.plan;

import ai.djl.ndarray.types.DataType;
import java.util.List;

/**
 * Rows of one weight for which an adapter has its own values in place of the base's: {@code
 * trainable_token_indices}.
 *
 * @param weight the name of the weight, as in {@link ModelLayout.Module#weight}
 * @param readers the modules that see the rows, the one that files name them by first
 * @param indices which rows, each once, in the order of the tensor in files
 * @param rows the number of rows of the weight, V
 * @param width the length of a row, d
 * @param dataType the rows' data type: float64 on a float64 base, else float32
 */
public record TokenRowsPlan(
        String weight,
        List<Reader> readers,
        List<Integer> indices,
        long rows,
        long width,
        DataType dataType) {
    /** Copies the lists. */
    public TokenRowsPlan {
        readers = List.copyOf(readers);
        indices = List.copyOf(indices);
        if (readers.isEmpty()) {
            throw new IllegalArgumentException("Rows of " + weight + " have no reader");
        }
    }

    /**
     * A module that sees the rows.
     *
     * @param module the module's name
     * @param kind how it reads its weight, {@link ModuleKind#LINEAR} or {@link
     *     ModuleKind#EMBEDDING}
     * @param order the indices in the order in which a tensor of this module has the rows
     */
    public record Reader(String module, ModuleKind kind, List<Integer> order) {
        /** Copies the list. */
        public Reader {
            order = List.copyOf(order);
        }
    }

    /** Returns the name of the first reader, by which the rows are known. */
    public String name() {
        return readers.get(0).module();
    }

    /** Returns the number of elements of the rows. */
    public long parameterCount() {
        return indices.size() * width;
    }
}
