package dev.ligature.internal.rows;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.ligature.internal.rows.RowGroups.Group;
import java.util.Arrays;
import java.util.List;

/**
 * Which of the columns that belong to all adapters of a batch are each row's own, and what they
 * count for.
 *
 * @param rows the rows
 * @param parts the columns of each adapter, in the order in which they stand side by side
 * @param type of the factors
 */
public record RowMask(RowGroups rows, List<Part> parts, DataType type) {
    /** Copies the list. */
    public RowMask {
        parts = List.copyOf(parts);
    }

    /**
     * The columns of one adapter.
     *
     * @param group its rows
     * @param rank how many columns it has
     * @param scaling what they are multiplied by
     */
    record Part(Group group, int rank, double scaling) {}

    /**
     * Makes the mask.
     *
     * @return (B, 1, R), R the sum of the ranks: each row's scaling at the columns of its adapter,
     *     else 0
     */
    public NDArray create(NDManager manager) {
        int ranks = parts.stream().mapToInt(Part::rank).sum();
        double[] mask = new double[rows.size() * ranks];
        int column = 0;
        for (Part part : parts) {
            for (int at = part.group().from(); at < part.group().to(); at++) {
                int from = (int) rows.order()[at] * ranks + column;
                Arrays.fill(mask, from, from + part.rank(), part.scaling());
            }
            column += part.rank();
        }
        return FactorStack.create(mask, new Shape(rows.size(), 1, ranks), type, manager);
    }
}
