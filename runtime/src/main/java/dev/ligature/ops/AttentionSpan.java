package dev.ligature.ops;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What one new token of each of several texts sees of its text. A pass makes one, and gives it to
 * all layers where the tokens see the same. For one thread.
 */
public final class AttentionSpan {
    private final NDManager owner;
    private final long[] lengths;
    private final int window;
    private final float cap;
    private @Nullable NDArray numbers;

    /**
     * Creates a span.
     *
     * @param owner the owner of {@link #numbers}, which lives as long as the pass
     * @param lengths how many tokens each text has before the new one
     * @param window how many tokens the new one sees, itself among them; 0 if all
     * @param cap c of scores that become {@code c · tanh(score / c)}; 0 if they stay
     */
    public AttentionSpan(NDManager owner, long[] lengths, int window, float cap) {
        this.owner = Objects.requireNonNull(owner, "owner");
        this.lengths = lengths.clone();
        this.window = window;
        this.cap = cap;
    }

    /** Returns the number B of texts. */
    public int texts() {
        return lengths.length;
    }

    /** Returns the first token that the new one of a text sees. */
    public long first(int text) {
        return window > 0 ? Math.max(0, end(text) - window) : 0;
    }

    /** Returns how many tokens a text has with the new one, which is the last that it sees. */
    public long end(int text) {
        return lengths[text] + 1;
    }

    /** Returns c of scores that become {@code c · tanh(score / c)}; 0 if they stay. */
    public float cap() {
        return cap;
    }

    /** Returns all of this: first the B first tokens, then the B ends, then the cap. */
    public double[] values() {
        int count = lengths.length;
        double[] values = new double[2 * count + 1];
        for (int i = 0; i < count; i++) {
            values[i] = first(i);
            values[count + i] = end(i);
        }
        values[2 * count] = cap;
        return values;
    }

    /** Returns {@link #values} in an array, which is made once; {@code (2·B + 1)}, float64. */
    public NDArray numbers() {
        if (numbers == null) {
            numbers = owner.create(values());
        }
        return numbers;
    }
}
