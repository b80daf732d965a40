package dev.ligature.examples.text;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * Windows of a fixed length over a stream of tokens, drawn in a random order.
 *
 * <p>A pass over the stream shows every window once; each pass begins at another offset, so that
 * the windows are not always cut at the same places. The same seed gives the same windows.
 */
public final class TokenWindows {
    private final int[] tokens;
    private final int length;
    private final Random random;
    private final List<Integer> starts = new ArrayList<>();

    /**
     * Creates windows.
     *
     * @param tokens the stream
     * @param length the tokens of a window, at most those of the stream
     * @param seed decides the order
     */
    public TokenWindows(int[] tokens, int length, long seed) {
        if (length < 1 || length > tokens.length) {
            throw new IllegalArgumentException(
                    "The text has "
                            + tokens.length
                            + " tokens, a window of "
                            + length
                            + " is not"
                            + " in it: give more text or a shorter sequence length.");
        }
        this.tokens = tokens.clone();
        this.length = length;
        this.random = new Random(seed);
    }

    /**
     * Returns the next batch, ids of shape (rows, length), int64.
     *
     * @param rows the windows in the batch
     * @param manager owns the array
     */
    public NDArray next(int rows, NDManager manager) {
        long[] ids = new long[rows * length];
        for (int row = 0; row < rows; row++) {
            copy(nextStart(), ids, row);
        }
        return manager.create(ids, new Shape(rows, length)); // (B, T)
    }

    /**
     * Returns batches that are spread evenly over the stream, the same at each call.
     *
     * @param windows how many windows, at most those that fit without overlap; at least one
     * @param rows the windows in a batch; the last batch may have fewer
     * @param manager owns the arrays, of shape (rows, length), int64
     */
    public List<NDArray> spread(int windows, int rows, NDManager manager) {
        int count = Math.max(1, Math.min(windows, tokens.length / length));
        double step = count == 1 ? 0 : (double) (tokens.length - length) / (count - 1);
        List<NDArray> batches = new ArrayList<>();
        for (int first = 0; first < count; first += rows) {
            int here = Math.min(rows, count - first);
            long[] ids = new long[here * length];
            for (int row = 0; row < here; row++) {
                copy((int) Math.floor((first + row) * step), ids, row);
            }
            batches.add(manager.create(ids, new Shape(here, length))); // (B, T)
        }
        return batches;
    }

    private int nextStart() {
        if (starts.isEmpty()) {
            int slack = tokens.length - length;
            int offset = random.nextInt(Math.min(length, slack + 1));
            for (int start = offset; start + length <= tokens.length; start += length) {
                starts.add(start);
            }
            Collections.shuffle(starts, random);
        }
        return starts.remove(starts.size() - 1);
    }

    private void copy(int start, long[] ids, int row) {
        for (int i = 0; i < length; i++) {
            ids[row * length + i] = tokens[start + i];
        }
    }
}
