package dev.ligature.ops;

import ai.djl.ndarray.NDArray;
import java.util.function.UnaryOperator;

/** How a pass computes the parts of a model that need the most memory: its layers and its head. */
public interface ModelPass {
    /**
     * Applies a language model's head, to all tokens at once or to some of them at a time.
     *
     * @param hidden the hidden states, {@code (B, T, d)}
     * @param head computes logits: of {@code hidden}, or of {@code (1, n, d)}, n of the tokens
     * @return the logits {@code (B, T, V)}, or what the pass has in their place
     */
    NDArray head(NDArray hidden, UnaryOperator<NDArray> head);

    /**
     * Returns whether layers are computed once more on the way back. What they read beside x must
     * then be open until the manager of the model's inputs is closed.
     */
    boolean recomputesLayers();

    /**
     * Computes a layer whose output depends on its input x and on parameters, and on nothing else
     * that is trained.
     *
     * @param x the input
     * @param layer the layer
     * @return its output
     */
    NDArray layer(NDArray x, UnaryOperator<NDArray> layer);
}
