package dev.ligature.models.text;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.List;

/** Rows of different lengths as one array, padded behind. */
public final class Padding {
    private Padding() {}

    /**
     * Returns rows, {@code (B, T)} int64.
     *
     * @param rows the values of each row
     * @param padding what stands behind a row that is shorter than the longest
     * @param manager the owner of the array
     */
    public static NDArray rows(List<long[]> rows, long padding, NDManager manager) {
        int width = rows.stream().mapToInt(row -> row.length).max().orElse(0);
        long[] all = new long[rows.size() * width];
        Arrays.fill(all, padding);
        for (int row = 0; row < rows.size(); row++) {
            System.arraycopy(rows.get(row), 0, all, row * width, rows.get(row).length);
        }
        return manager.create(all, new Shape(rows.size(), width));
    }

    /**
     * Returns 1 where rows have a value and 0 at padding, {@code (B, T)} int64.
     *
     * @param rows the values of each row
     * @param manager the owner of the array
     */
    public static NDArray mask(List<long[]> rows, NDManager manager) {
        return rows(
                rows.stream()
                        .map(
                                row -> {
                                    long[] ones = new long[row.length];
                                    Arrays.fill(ones, 1);
                                    return ones;
                                })
                        .toList(),
                0,
                manager);
    }
}
