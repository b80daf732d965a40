package dev.ligature.internal.peft;

import ai.djl.ndarray.NDArray;
import dev.ligature.plan.PairPlan;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A factor pair, with ΔW = scaling · B · A.
 *
 * @param a the factor A, of shape (r, in)
 * @param b the factor B, of shape (out, r)
 * @param bias the bias of B, of shape (out), where the pair has one
 * @param magnitude the lengths of DoRA, one for each row or column, where the pair has them
 */
public record Factors(NDArray a, NDArray b, @Nullable NDArray bias, @Nullable NDArray magnitude) {
    /** Takes the factors of a pair that has neither bias nor lengths. */
    public Factors(NDArray a, NDArray b) {
        this(a, b, null, null);
    }

    /** Returns the factors of a pair, given as {@link #arrays()}. */
    static Factors of(PairPlan pair, List<NDArray> arrays) {
        NDArray bias = pair.loraBias() ? arrays.get(2) : null;
        NDArray magnitude = pair.dora() ? arrays.get(arrays.size() - 1) : null;
        return new Factors(arrays.get(0), arrays.get(1), bias, magnitude);
    }

    /** Returns A, B, and the bias and the lengths where the pair has them. */
    List<NDArray> arrays() {
        return Stream.of(a, b, bias, magnitude).filter(Objects::nonNull).toList();
    }
}
