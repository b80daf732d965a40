package dev.ligature.spark;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import java.util.Arrays;
import java.util.List;

/** Texts of different lengths as one array. */
final class PaddedIds {
    private PaddedIds() {}

    /** Returns token ids padded behind, and their mask, {@code (B, T)} int64 both. */
    static NDList of(List<long[]> texts, NDManager manager) {
        int width = texts.stream().mapToInt(text -> text.length).max().orElse(0);
        long[][] ids = new long[texts.size()][width];
        long[][] mask = new long[texts.size()][width];
        for (int row = 0; row < ids.length; row++) {
            long[] text = texts.get(row);
            System.arraycopy(text, 0, ids[row], 0, text.length);
            Arrays.fill(mask[row], 0, text.length, 1);
        }
        return new NDList(manager.create(ids), manager.create(mask));
    }
}
