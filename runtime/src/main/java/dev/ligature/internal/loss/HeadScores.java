package dev.ligature.internal.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.ligature.ops.ModelPass;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;

/**
 * What a language model foretells of the tokens that count, without gradients: the logarithms of
 * their probabilities, and the tokens that it puts first. They go through the head in chunks, so
 * that there are logits of one chunk at a time.
 *
 * <p>For one pass.
 */
public final class HeadScores implements ModelPass {
    private final Targets targets;
    private final long vocabulary;
    private final long bytes;
    private final float[] logs;
    private final long[] firsts;
    private boolean applied;

    /**
     * Prepares a pass.
     *
     * @param targets the classes of the tokens
     * @param vocabulary the number of logits of a token
     * @param bytes what the logits of a chunk may take as fp32
     */
    public HeadScores(Targets targets, long vocabulary, long bytes) {
        this.targets = targets;
        this.vocabulary = vocabulary;
        this.bytes = bytes;
        logs = new float[Math.toIntExact(targets.count())];
        firsts = new long[logs.length];
    }

    /** Returns whether the pass applied the head so; else it gave all logits. */
    public boolean isApplied() {
        return applied;
    }

    /** Returns the logarithm of the probability of each token that counts; not a copy. */
    public float[] logs() {
        return logs;
    }

    /** Returns the token that is put first for each one that counts; not a copy. */
    public long[] firsts() {
        return firsts;
    }

    @Override
    public NDArray head(NDArray hidden, UnaryOperator<NDArray> head) {
        if (!targets.fit(hidden, vocabulary)) {
            return head.apply(hidden);
        }
        Targets.Counted all = targets.ofCounted(hidden);
        int size = (int) Math.max(1, bytes / (Float.BYTES * vocabulary));
        score(all, size, (chunk, x) -> head.apply(x));
        applied = true;
        return all.classes().getManager().zeros(new Shape());
    }

    /**
     * Scores what counts.
     *
     * @param all the hidden states and classes of what counts
     * @param size how many tokens a chunk has
     * @param head applies the head to hidden states (1, m, d), which belong to the manager of a
     *     chunk
     */
    void score(Targets.Counted all, int size, BiFunction<NDManager, NDArray, NDArray> head) {
        NDManager scope = all.classes().getManager();
        for (int from = 0; from < logs.length; from += size) {
            NDIndex rows = new NDIndex("{}:{}", from, Math.min(logs.length, from + size));
            try (NDManager chunk = scope.newSubManager()) {
                NDArray part = all.x().get(chunk, rows).expandDims(0); // (1, m, d)
                NDArray logits = head.apply(chunk, part).stopGradient(); // (1, m, V)
                logits.attach(chunk);
                score(logits.squeeze(0), all.classes().get(chunk, rows), from);
            }
        }
    }

    /** Scores logits (m, V) of classes (m, 1). */
    private void score(NDArray logits, NDArray classes, int from) {
        NDArray log = logits.toType(DataType.FLOAT32, false).logSoftmax(1).gather(classes, 1);
        float[] some = log.toFloatArray();
        System.arraycopy(some, 0, logs, from, some.length);
        System.arraycopy(logits.argMax(1).toLongArray(), 0, firsts, from, some.length);
    }

    @Override
    public boolean recomputesLayers() {
        return false;
    }

    @Override
    public NDArray layer(NDArray x, UnaryOperator<NDArray> layer) {
        return layer.apply(x);
    }
}
