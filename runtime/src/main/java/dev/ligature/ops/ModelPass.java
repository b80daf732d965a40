package dev.ligature.ops;

import ai.djl.ndarray.NDArray;
import java.util.function.UnaryOperator;

/** How a pass computes the part of a model that needs the most memory: its head. */
public interface ModelPass {
    /**
     * Applies a language model's head, to all tokens at once or to some of them at a time.
     *
     * @param hidden the hidden states, {@code (B, T, d)}
     * @param head computes logits: of {@code hidden}, or of {@code (1, n, d)}, n of the tokens
     * @return the logits {@code (B, T, V)}, or what the pass has in their place
     */
    NDArray head(NDArray hidden, UnaryOperator<NDArray> head);
}
