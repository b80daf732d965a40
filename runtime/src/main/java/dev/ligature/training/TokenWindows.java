package dev.ligature.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;

/**
 * A stream of tokens cut into windows of equal length. Each window starts with the last token of
 * the one before, so that every token but the first is predicted in exactly one of them.
 */
public final class TokenWindows {
    private final long[] tokens;
    private final int length;

    private TokenWindows(long[] tokens, int length) {
        this.tokens = tokens;
        this.length = length;
    }

    /**
     * Cuts a stream.
     *
     * @param tokens the tokens; what is left at the end is dropped. Not copied
     * @param length the tokens of a window, T
     */
    public static TokenWindows of(long[] tokens, int length) {
        if (length < 2 || tokens.length < length) {
            throw TrainingMessage.TOO_FEW_TOKENS.error(length, tokens.length);
        }
        return new TokenWindows(tokens, length);
    }

    /** Cuts a stream; see {@link #of(long[], int)}. */
    public static TokenWindows of(int[] tokens, int length) {
        long[] wide = new long[tokens.length];
        for (int i = 0; i < wide.length; i++) {
            wide[i] = tokens[i];
        }
        return of(wide, length);
    }

    /** Returns how many windows there are. */
    public int count() {
        return count(0);
    }

    /**
     * Returns all windows in order, as batches; the last may have fewer rows.
     *
     * @param batchSize the rows of a batch, B
     * @param manager the manager of the batches
     * @return batches of (B, T) int64
     */
    public List<NDArray> batches(int batchSize, NDManager manager) {
        List<NDArray> batches = new ArrayList<>();
        for (int first = 0; first < count(); first += atLeastOne(batchSize)) {
            int[] starts = new int[Math.min(batchSize, count() - first)];
            for (int i = 0; i < starts.length; i++) {
                starts[i] = (first + i) * (length - 1);
            }
            batches.add(rows(starts, manager));
        }
        return batches;
    }

    static int atLeastOne(int batchSize) {
        if (batchSize < 1) {
            throw TrainingMessage.BATCH_SIZE.error(batchSize);
        }
        return batchSize;
    }

    int length() {
        return length;
    }

    /** Returns how many tokens the stream has beyond one window. */
    int slack() {
        return tokens.length - length;
    }

    /** Returns how many windows there are when the first one starts at an offset. */
    int count(int offset) {
        return Math.max(0, (tokens.length - 1 - offset) / (length - 1));
    }

    /** Returns the windows that start at the given tokens: (starts, T) int64. */
    NDArray rows(int[] starts, NDManager manager) {
        long[] ids = new long[starts.length * length];
        for (int row = 0; row < starts.length; row++) {
            System.arraycopy(tokens, starts[row], ids, row * length, length);
        }
        return manager.create(ids, new Shape(starts.length, length));
    }
}
