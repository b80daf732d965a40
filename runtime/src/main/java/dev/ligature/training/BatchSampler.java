package dev.ligature.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Objects;
import java.util.Random;

/**
 * Batches of random windows of a stream of tokens, the same ones for the same seed.
 *
 * <p>In each epoch the cuts between windows are moved by a random offset, and the windows come in
 * random order, each once. A batch is always full: it takes what is missing from the next epoch.
 * Not for use by several threads.
 */
public final class BatchSampler {
    private final TokenWindows windows;
    private final int batchSize;
    private final long seed;
    private Random random; // whose sequence is part of its contract
    private int[] starts = {};
    private int next;
    private int epoch;

    /**
     * Creates a sampler.
     *
     * @param windows the stream, and the length T of a window
     * @param batchSize the rows of a batch, B
     * @param seed the seed
     */
    public BatchSampler(TokenWindows windows, int batchSize, long seed) {
        Objects.requireNonNull(windows, "windows");
        this.windows = windows;
        this.batchSize = TokenWindows.atLeastOne(batchSize);
        this.seed = seed;
        this.random = new Random(seed);
    }

    /**
     * Returns the next batch.
     *
     * @param manager the manager of the batch
     * @return (B, T) int64
     */
    public NDArray next(NDManager manager) {
        int[] rows = new int[batchSize];
        for (int row = 0; row < batchSize; row++) {
            if (next == starts.length) {
                shuffle();
            }
            rows[row] = starts[next++];
        }
        return windows.rows(rows, manager);
    }

    /**
     * Goes to a batch, as if those before it had been taken.
     *
     * @param batch its index, from 0
     */
    public void seek(long batch) {
        random = new Random(seed);
        starts = new int[0];
        epoch = 0;
        next = 0;
        long rows = batch * batchSize;
        while (rows > starts.length) {
            rows -= starts.length;
            shuffle();
        }
        next = Math.toIntExact(rows);
    }

    /** Returns how many batches the windows of some epochs are, with the last one filled up. */
    public long batches(double epochs) {
        return (long) Math.ceil(epochs * windows.count() / batchSize);
    }

    /** Returns the number of the epoch that the last batch came from, from 1. */
    public int epoch() {
        return epoch;
    }

    private void shuffle() {
        int stride = windows.length() - 1;
        // Not so far that the offset leaves no window.
        int offset = random.nextInt(Math.min(stride, windows.slack() + 1));
        starts = new int[windows.count(offset)];
        for (int i = 0; i < starts.length; i++) {
            int j = random.nextInt(i + 1);
            starts[i] = starts[j];
            starts[j] = offset + i * stride;
        }
        next = 0;
        epoch++;
    }
}
